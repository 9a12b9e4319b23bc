// Command gen writes the TypeScript twin of signaling/wire: the types of all
// messages and their validators, with the same limits. Run it at the root of
// the repository: go run ./signaling/wire/gen
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"paravent/signaling/wire"
)

// outputs are where the client expects its files, from the repository's root.
// The statements stand apart: the group worker needs them and nothing else, so
// that its hash moves only when they do.
var outputs = map[string]func() string{ //nolint:gochecknoglobals // immutable table
	"client/src/wire/messages.gen.ts":   messages,
	"client/src/wire/statements.gen.ts": statements,
}

func main() {
	for output, generate := range outputs {
		if err := os.WriteFile(output, []byte(generate()), 0o644); err != nil { //nolint:gosec // a source file
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

const head = "// Written by signaling/wire/gen from signaling/wire/wire.go, where every field is explained. Do not edit.\n"

// schemas are the names that schema.ts exports for these files.
var schemas = []string{"bool", "bytes", "int", "integers", "list", "messages", "object", "optional", "parse", "Schema", "stringify", "text", "words"} //nolint:gochecknoglobals // immutable table

// file is the finished text: what the body needs of schema.ts comes first.
func (g *generator) file() string {
	body := g.String()
	var used []string
	for _, name := range schemas {
		if regexp.MustCompile(`\b` + name + `[(,<;)]`).MatchString(body) {
			used = append(used, strings.Replace(name, "Schema", "type Schema", 1))
		}
	}
	imports := "import { " + strings.Join(used, ", ") + " } from \"./schema.ts\"\n"
	return head + imports + body
}

// messages returns the file of the messages between browser and server.
func messages() string {
	g := &generator{done: make(map[string]bool)}
	g.printf("\n/** The WebSocket subprotocol to ask for. */\nexport const subprotocol = %q\n\n", wire.Subprotocol)
	g.printf("/** Why the server closes a connection; after leave it is 1000. */\nexport const closeCode = {\n")
	for _, c := range wire.Closings() {
		g.printf("  %s: %d,\n", c.Name, c.Code)
	}
	g.printf("} as const\n")
	g.direction("ClientMessage", wire.ClientMessages())
	g.direction("ServerMessage", wire.ServerMessages())
	g.codec("ClientMessage")
	g.codec("ServerMessage")
	return g.file()
}

// statements returns the file of what moderators sign.
func statements() string {
	g := &generator{done: make(map[string]bool)}
	g.direction("Statement", wire.Statements())
	g.codec("Statement")
	return g.file()
}

type generator struct {
	strings.Builder
	done map[string]bool // objects already written
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(g, format, args...) }

// codec writes the functions that read and write one side's messages.
func (g *generator) codec(side string) {
	verb := strings.TrimSuffix(side, "Message")
	g.printf("\n/** Throws Malformed on anything that is not exactly a %s. */\n", side)
	g.printf("export const decode%s = (frame: string): %s => parse(%s, frame)\n", verb, side, schemaName(side))
	g.printf("/** Throws Malformed when a field is beyond its limit. */\n")
	g.printf("export const encode%s = (m: %s): string => stringify(%s, m)\n", verb, side, schemaName(side))
}

// direction writes the messages of one side, or the statements, after the
// objects in them.
func (g *generator) direction(side string, all []wire.Message) {
	for _, m := range all {
		for _, f := range m.Shape.Fields {
			g.nested(f.Shape)
		}
		g.types(m.Shape, m.T)
	}
	g.printf("\nexport type %s =\n", side)
	for _, m := range all {
		g.printf("  | %s\n", m.Shape.Name)
	}
	g.printf("\nconst %s: Schema<%s> = messages<%[2]s>({\n", schemaName(side), side)
	for _, m := range all {
		g.printf("  %s: {%s},\n", m.T, fields(m.Shape))
	}
	g.printf("})\n")
}

// nested writes the objects inside a message once, innermost first.
func (g *generator) nested(s *wire.Shape) {
	if s.Kind == wire.List {
		g.nested(s.Elem)
	}
	if s.Kind != wire.Object || g.done[s.Name] {
		return
	}
	g.done[s.Name] = true
	for _, f := range s.Fields {
		g.nested(f.Shape)
	}
	g.types(s, "")
	g.printf("\nconst %s: Schema<%s> = object<%[2]s>({%s})\n", schemaName(s.Name), s.Name, fields(s))
}

// types writes the interface of an object, or of a message with its t.
func (g *generator) types(s *wire.Shape, t string) {
	g.printf("\nexport interface %s {\n", s.Name)
	if t != "" {
		g.printf("  readonly t: %q\n", t)
	}
	for _, f := range s.Fields {
		mark := ""
		if f.Optional {
			mark = "?"
		}
		g.printf("  readonly %s%s: %s\n", f.Name, mark, typeName(f.Shape))
	}
	g.printf("}\n")
}

func fields(s *wire.Shape) string {
	var out []string
	for _, f := range s.Fields {
		expr := schema(f.Shape)
		if f.Optional {
			expr = "optional(" + expr + ")"
		}
		out = append(out, f.Name+": "+expr)
	}
	if len(out) == 0 {
		return ""
	}
	return " " + strings.Join(out, ", ") + " "
}

func typeName(s *wire.Shape) string {
	switch s.Kind {
	case wire.Object:
		return s.Name
	case wire.Bytes:
		return "Uint8Array"
	case wire.Integer:
		if s.Enum != nil {
			return strings.Join(s.Enum, " | ")
		}
		return "number"
	case wire.Bool:
		return "boolean"
	case wire.List:
		return "readonly " + typeName(s.Elem) + "[]"
	case wire.Text, wire.Invalid:
	}
	if s.Enum != nil {
		return `"` + strings.Join(s.Enum, `" | "`) + `"`
	}
	return "string"
}

// schema returns the expression that makes the validator.
func schema(s *wire.Shape) string {
	switch s.Kind {
	case wire.Object:
		return schemaName(s.Name)
	case wire.Bytes:
		return fmt.Sprintf("bytes(%d, %d)", s.Min, s.Max)
	case wire.Integer:
		if s.Enum != nil {
			return "integers(" + strings.Join(s.Enum, ", ") + ")"
		}
		return "int"
	case wire.Bool:
		return "bool"
	case wire.List:
		return fmt.Sprintf("list(%s, %d)", schema(s.Elem), s.Max)
	case wire.Text, wire.Invalid:
	}
	if s.Enum != nil {
		return `words("` + strings.Join(s.Enum, `", "`) + `")`
	}
	return fmt.Sprintf("text(%d)", s.Max)
}

func schemaName(name string) string { return strings.ToLower(name[:1]) + name[1:] + "Schema" }
