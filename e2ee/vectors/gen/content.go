package main

import (
	"encoding/hex"
	"strings"
)

// badContents returns verdict, name and content in hex.
func badContents() [][3]string {
	const (
		t     = "6174"         // "t"
		chat  = "6463686174"   // "chat"
		seq   = "63736571"     // "seq"
		txt   = "6474657874"   // "text"
		x     = "6178"         // "x"
		n5    = seq + "05"     // seq: 5
		tc    = t + chat       // t: "chat"
		media = "656d65646961" // "media"
	)
	mids := func(camera string) string {
		return "a4" + hex.EncodeToString(text("camera")) + camera + hex.EncodeToString(text("screen")) + "60" +
			hex.EncodeToString(text("microphone")) + "60" + hex.EncodeToString(text("screenAudio")) + "60"
	}
	long := func(s string) string { return hex.EncodeToString(text(s)) }
	mask := func(camera, mask string) string {
		return pairs("mask", mask, "camera", camera, "screen", "60", "microphone", "60", "screenAudio", "60")
	}
	return append(newContents(), [][3]string{
		{"unknown type", "a type of a later version", "a2" + t + "6468616e65" + n5},
		{"unknown type", "a later type with members of its own", "a3" + t + "6468616e65" + n5 + "6472616973" + "f5"},
		{"malformed", "nothing", ""},
		{"malformed", "no map", "80"},
		{"malformed", "a text", "6161"},
		{"malformed", "an empty map", "a0"},
		{"malformed", "no type", "a1" + n5},
		{"malformed", "no number", "a2" + tc + txt + x},
		{"malformed", "number 0", "a3" + tc + seq + "00" + txt + x},
		{"malformed", "a negative number", "a3" + tc + seq + "20" + txt + x},
		{"malformed", "a number of 2^53", "a3" + tc + seq + "1b0020000000000000" + txt + x},
		{"malformed", "a number as floating point", "a3" + tc + seq + "f94500" + txt + x},
		{"malformed", "a number as text", "a3" + tc + seq + "6135" + txt + x},
		{"malformed", "a number spelt too long", "a3" + tc + seq + "1805" + txt + x},
		{"malformed", "an empty type", "a2" + t + "60" + n5},
		{"malformed", "a type of 33 bytes", "a2" + t + long(strings.Repeat("z", 33)) + n5},
		{"malformed", "a type that is no text", "a2" + t + "05" + n5},
		{"malformed", "keys in another order", "a3" + n5 + tc + txt + x},
		{"malformed", "a key twice", "a4" + tc + n5 + n5 + txt + x},
		{"malformed", "an open map", "bf" + tc + n5 + txt + x + "ff"},
		{"malformed", "an open text", "a3" + tc + n5 + txt + "7f6178ff"},
		{"malformed", "a tag", "a3" + tc + n5 + txt + "c06178"},
		{"malformed", "null", "a3" + tc + n5 + txt + "f6"},
		{"malformed", "undefined", "a3" + tc + n5 + txt + "f7"},
		{"malformed", "text that is not UTF-8", "a3" + tc + n5 + txt + "61ff"},
		{"malformed", "text as bytes", "a3" + tc + n5 + txt + "4178"},
		{"malformed", "bytes after the end", "a3" + tc + n5 + txt + x + "00"},
		{"malformed", "cut short", "a3" + tc + n5 + txt + "62" + "78"},
		{"malformed", "a key that is no text", "a3" + "0102" + tc + n5},
		{"malformed", "chat without text", "a2" + tc + n5},
		{"malformed", "chat with an empty text", "a3" + tc + n5 + txt + "60"},
		{"malformed", "chat of 8193 bytes", "a3" + tc + n5 + txt + long(strings.Repeat("x", 8193))},
		{"malformed", "chat with a member too many", "a4" + tc + n5 + txt + x + "657a7a7a7a7a" + "05"},
		{"malformed", "media without media", "a2" + t + media + n5},
		{"malformed", "media that is a text", "a3" + t + media + n5 + media + x},
		{"malformed", "a media id of 9 bytes", "a3" + t + media + n5 + media + mids(long("123456789"))},
		{"malformed", "a media id with a space", "a3" + t + media + n5 + media + mids(long("1 2"))},
		{"malformed", "a media id that is a number", "a3" + t + media + n5 + media + mids("05")},
		{"malformed", "a mask that is none", "a3" + t + media + n5 + media + mask("6131", long("off"))},
		{"malformed", "an empty mask", "a3" + t + media + n5 + media + mask("6131", "60")},
		{"malformed", "a mask that is a truth", "a3" + t + media + n5 + media + mask("6131", "f5")},
		{"malformed", "a mask without a camera", "a3" + t + media + n5 + media + mask("60", long("faces"))},
		{"malformed", "media with a member too many", "a3" + t + media + n5 + media +
			pairs("veil", long("faces"), "camera", "6131", "screen", "60", "microphone", "60", "screenAudio", "60")},
		{"unknown type", "nested four deep", "a3" + t + "617a" + n5 + "646c697374" + "818180"},
		{"malformed", "nested five deep", "a3" + t + "617a" + n5 + "646c697374" + "81818180"},
		{"malformed", "nested without end", "a3" + t + "617a" + n5 + "646c697374" + strings.Repeat("81", 500) + "80"},
		{"unknown type", "a key named __proto__", "a3" + t + "617a" + n5 + long("__proto__") + "a0"},
	}...)
}

// pairs is a map of CBOR in hex: keys and values in turn, as they are given.
func pairs(members ...string) string {
	var b strings.Builder
	b.WriteString(hex.EncodeToString([]byte{0xa0 | byte(len(members)/2)}))
	for i, m := range members {
		if i%2 == 0 {
			m = hex.EncodeToString(text(m))
		}
		b.WriteString(m)
	}
	return b.String()
}

// newContents are hellos, hands, reactions, comparisons and rules that are wrong.
func newContents() [][3]string {
	str := func(s string) string { return hex.EncodeToString(text(s)) }
	bin := func(n int) string { return hex.EncodeToString(blob(make([]byte, n))) }
	media := pairs("camera", "60", "screen", "60", "microphone", "60", "screenAudio", "60")
	hello := func(name, kem, hand string, more ...string) string {
		return pairs(append([]string{"t", str("hello"), "kem", kem, "seq", "05", "hand", hand, "name", name, "media", media}, more...)...)
	}
	policy := func(grant, signature, statement string) string {
		return pairs("t", str("policy"), "seq", "05", "grant", grant, "signature", signature, "statement", statement)
	}
	return [][3]string{
		{"malformed", "a hello without a KEM key", pairs("t", str("hello"), "seq", "05", "hand", "00", "name", "60", "media", media)},
		{"malformed", "a hello without a hand", pairs("t", str("hello"), "kem", bin(32), "seq", "05", "name", "60", "media", media)},
		{"malformed", "a name of 513 bytes", hello(str(strings.Repeat("n", 513)), bin(32), "00")},
		{"malformed", "a KEM key of 31 bytes", hello("60", bin(31), "00")},
		{"malformed", "a hand that is a truth", hello("60", bin(32), "f5")},
		{"malformed", "a hand raised at 2^53", hello("60", bin(32), "1b0020000000000000")},
		{"malformed", "a grant of 215 bytes", hello("60", bin(32), "00", "moderator", bin(215))},
		{"malformed", "a grant that is empty", hello("60", bin(32), "00", "moderator", "40")},
		{"malformed", "a grant that is a map", hello("60", bin(32), "00", "moderator", "a0")},
		{"malformed", "a grant that is a truth", hello("60", bin(32), "00", "moderator", "f5")},
		{"malformed", "a hello with a member too many", hello("60", bin(32), "00", "zzzzzz", "05")},
		{"malformed", "a hand without a time", pairs("t", str("hand"), "seq", "05")},
		{"malformed", "a hand with a time as text", pairs("t", str("hand"), "seq", "05", "since", "6130")},
		{"malformed", "a hand with a member too many", pairs("t", str("hand"), "seq", "05", "since", "00", "zzzzz", "05")},
		{"malformed", "a reaction without an emoji", pairs("t", str("reaction"), "seq", "05")},
		{"malformed", "a reaction with a letter", pairs("t", str("reaction"), "seq", "05", "emoji", "6178")},
		{"malformed", "a reaction with an emoji that is not one of them", pairs("t", str("reaction"), "seq", "05", "emoji", str("🙈"))},
		{"malformed", "a heart without its variation", pairs("t", str("reaction"), "seq", "05", "emoji", str("❤"))},
		{"malformed", "two emoji", pairs("t", str("reaction"), "seq", "05", "emoji", str("👍👍"))},
		{"malformed", "a comparison that says more", pairs("t", str("compared"), "seq", "05", "code", "6130")},
		{"malformed", "a voice that says more", pairs("t", str("speaking"), "seq", "05", "level", "05")},
		{"malformed", "rules with a grant of 217 bytes", policy(bin(217), bin(64), "6178")},
		{"malformed", "rules with a signature of 63 bytes", policy(bin(216), bin(63), "6178")},
		{"malformed", "rules that say nothing", policy(bin(216), bin(64), "60")},
		{"malformed", "rules of 15001 bytes", policy(bin(216), bin(64), str(strings.Repeat("x", 15001)))},
		{"malformed", "rules as a map", policy(bin(216), bin(64), "a0")},
		{"malformed", "rules that nobody signed", pairs("t", str("policy"), "seq", "05", "grant", bin(216), "statement", "6178")},
	}
}
