package bot

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"strings"
)

// symbols is the table of e2ee/PROTOCOL.md, "Safety code": six bits each.
//
//nolint:gochecknoglobals // immutable table
var symbols = [64]string{
	"🐘", "🐪", "🐋", "🐍", "🐌", "🐝", "🦀", "🦉",
	"🦆", "🐄", "🐑", "🐁", "🐸", "🐢", "🦋", "🐎",
	"🌻", "🌲", "🌴", "🌵", "🍀", "🍄", "🍇", "🍋",
	"🍍", "🍉", "🍒", "🥕", "🥐", "🧀", "🥚", "🍩",
	"☕", "🌈", "⚡", "⛄", "🌋", "⭐", "🌙", "🔥",
	"⛺", "⛵", "🚁", "🚜", "🚀", "🏰", "🎻", "🥁",
	"🎲", "🎯", "👑", "💍", "👢", "👕", "🎒", "🔭",
	"📷", "📻", "🎈", "🔑", "🔔", "🚦", "⚓", "🚪",
}

const (
	codeRounds = 1 << 17
	codeSize   = 64 // bytes derived
	codeEmoji  = 10
	leafEmoji  = 4
)

// Code is a safety code: two people with the same one hold the same keys, and
// nobody stands between them. It changes with every epoch.
type Code struct {
	Epoch  uint64
	Emoji  []string // 10
	Digits string   // 30
}

// symbolsOf returns the first symbols in b: six bits each, most significant
// first.
func symbolsOf(b []byte, count int) (all []string) {
	for i := range count {
		at := 6 * i
		two := uint(b[at/8])<<8 | uint(b[at/8+1])
		all = append(all, symbols[two>>(10-at%8)&63])
	}
	return all
}

// newCode derives the safety code of an epoch. It takes a tenth of a second, on
// purpose.
func newCode(epoch uint64, authenticator, group [32]byte) (*Code, error) {
	salt := append([]byte("paravent safety code v1"), group[:]...)
	b, err := pbkdf2.Key(sha512.New, string(authenticator[:]), salt, codeRounds, codeSize)
	if err != nil {
		return nil, err
	}
	var digits strings.Builder
	for i := range 6 {
		n := uint64(0)
		for _, c := range b[8+5*i : 13+5*i] {
			n = n<<8 | uint64(c)
		}
		fmt.Fprintf(&digits, "%05d", n%100000)
	}
	return &Code{Epoch: epoch, Emoji: symbolsOf(b, codeEmoji), Digits: digits.String()}, nil
}

// emojiOf returns the four symbols of a signature key.
func emojiOf(key []byte) string {
	sum := sha256.Sum256(key)
	return strings.Join(symbolsOf(sum[:], leafEmoji), "")
}
