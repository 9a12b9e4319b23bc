package bot_test

import (
	"context"
	"fmt"
	"time"

	"paravent/bot"
)

// A program that answers in the chat.
func ExampleJoin() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	person, err := bot.Join(ctx, "https://meet.example.org/#1.…", bot.Options{
		Name:    "Pong",
		Waiting: func(reason string) { fmt.Println("waiting for", reason) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer person.Leave()
	for event := range person.Events(context.Background()) {
		if said, ok := event.(bot.Said); ok && said.Text == "!ping" {
			_ = person.Say("pong", nil) // the rules may not allow it
		}
	}
	// Output: bot: want a link of a meeting
}
