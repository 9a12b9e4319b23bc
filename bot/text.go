package bot

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const shownName = 64 // code points of a name

// harmful says of what is never handed out: controls, marks that turn or
// isolate the direction of writing, tags (e2ee/PROTOCOL.md, "Text").
//
//nolint:gochecknoglobals // immutable tables
var (
	harmful = [][2]rune{
		{0x00, 0x08},
		{0x0b, 0x1f},
		{0x7f, 0x9f},
		{0x61c, 0x61c},
		{0x200e, 0x200f},
		{0x202a, 0x202e},
		{0x2066, 0x206f},
		{0xd800, 0xdfff},
		{0xfeff, 0xfeff},
		{0xfff0, 0xfffb},
		{0xe0000, 0xe0fff},
	}
	// unseen is what names do not have either: line breaks, joiners, blanks.
	unseen = [][2]rune{
		{0x09, 0x0a},
		{0xad, 0xad},
		{0x34f, 0x34f},
		{0x115f, 0x1160},
		{0x17b4, 0x17b5},
		{0x180b, 0x180f},
		{0x200b, 0x200d},
		{0x2028, 0x2029},
		{0x2060, 0x2065},
		{0x2800, 0x2800},
		{0x3164, 0x3164},
		{0xffa0, 0xffa0},
	}
)

func within(ranges [][2]rune, c rune) bool {
	for _, r := range ranges {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	return false
}

// cleanText takes out of a line what must not be shown.
func cleanText(text string) string {
	return strings.Map(func(c rune) rune {
		if within(harmful, c) {
			return -1
		}
		return c
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// cleanName takes out of a name what must not be shown, and cuts it short.
func cleanName(name string) string {
	visible := strings.Map(func(c rune) rune {
		switch {
		case within(harmful, c) || within(unseen, c):
			return -1
		case unicode.IsSpace(c):
			return ' '
		default:
			return c
		}
	}, norm.NFC.String(name))
	runes := []rune(strings.Join(strings.Fields(visible), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), shownName)]))
}
