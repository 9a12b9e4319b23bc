// Command gen writes the TypeScript twin of signaling/wire: the types of all
// messages and their validators, with the same limits. Run it at the root of
// the repository: go run ./signaling/wire/gen
package main

import (
	"fmt"
	"os"
	"strings"

	"paravent/signaling/wire"
)

// output is where the client expects the file, from the repository's root.
const output = "client/src/wire/messages.gen.ts"

func main() {
	if err := os.WriteFile(output, []byte(generate()), 0o644); err != nil { //nolint:gosec // a source file
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const head = `// Written by signaling/wire/gen from signaling/wire/wire.go, where every field is explained. Do not edit.
import { bool, bytes, int, list, messages, object, optional, parse, type Schema, stringify, text, words } from "./schema.ts"

`

// generate returns the whole file; it depends on package wire alone.
func generate() string {
	g := &generator{done: make(map[string]bool)}
	g.printf("%s", head)
	g.printf("/** The WebSocket subprotocol to ask for. */\nexport const subprotocol = %q\n\n", wire.Subprotocol)
	g.printf("/** Why the server closes a connection; after leave it is 1000. */\nexport const closeCode = {\n")
	for _, c := range wire.Closings() {
		g.printf("  %s: %d,\n", c.Name, c.Code)
	}
	g.printf("} as const\n")
	g.direction("Client", wire.ClientMessages())
	g.direction("Server", wire.ServerMessages())
	for _, side := range []string{"Client", "Server"} {
		g.printf("\n/** Throws Malformed on anything that is not exactly a %sMessage. */\n", side)
		g.printf("export const decode%s = (frame: string): %sMessage => parse(%s, frame)\n", side, side, schemaName(side))
		g.printf("/** Throws Malformed when a field is beyond its limit. */\n")
		g.printf("export const encode%s = (m: %sMessage): string => stringify(%s, m)\n", side, side, schemaName(side))
	}
	return g.String()
}

type generator struct {
	strings.Builder
	done map[string]bool // objects already written
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(g, format, args...) }

// direction writes the messages of one side, after the objects in them.
func (g *generator) direction(side string, all []wire.Message) {
	for _, m := range all {
		for _, f := range m.Shape.Fields {
			g.nested(f.Shape)
		}
		g.types(m.Shape, m.T)
	}
	g.printf("\nexport type %sMessage =\n", side)
	for _, m := range all {
		g.printf("  | %s\n", m.Shape.Name)
	}
	g.printf("\nconst %s: Schema<%sMessage> = messages<%[2]sMessage>({\n", schemaName(side), side)
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
