package link

import (
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The longest fragment holds rules with full lists, the longest host name has
// 253 characters: longer input is not looked at.
const (
	maxFragment = 24576
	maxOrigin   = 300
)

// masked is all that the part "~m" can say.
const masked = 1

//nolint:gochecknoglobals // immutable tables
var (
	originForm = regexp.MustCompile(`^(https?)://([a-z0-9]+(?:[.-]+[a-z0-9]+)*|\[[0-9a-f:]+(?:\.[0-9.]+)?\])(?::([1-9][0-9]{0,4}))?$`)
	loopback   = []string{"localhost", "127.0.0.1", "[::1]"}
	canonical  = base64.RawURLEncoding.Strict()
)

// first returns the part of the text that every link has.
func (l *Link) first(origin string) string {
	return origin + "/#1." + canonical.EncodeToString(slices.Concat(l.Secret[:], l.Moderators[:]))
}

// Participant returns the text of the link without the moderator's parts, with
// its generation, its mark and its ticket if it has them.
func (l *Link) Participant(origin string) string {
	text := l.first(origin)
	if g := l.Generation; g != nil {
		text += "~g" + canonical.EncodeToString(append(binary.BigEndian.AppendUint32(nil, g.Number), g.Secret[:]...))
	}
	if l.Masked {
		text += "~m" + canonical.EncodeToString([]byte{masked})
	}
	if t := l.Ticket; t != nil {
		text += "~t" + canonical.EncodeToString(slices.Concat(t.Secret[:], t.Signed))
	}
	return text
}

// String returns the full text of the link: a moderator's with its rules, as
// they are, if it has M.
func (l *Link) String(origin string) (string, error) {
	if l.Moderator == nil {
		return l.Participant(origin), nil
	}
	text := l.first(origin) + "." + canonical.EncodeToString(l.Moderator[:])
	if l.Rules == nil {
		return text, nil
	}
	rules, err := l.Rules.encode()
	if err != nil {
		return "", err
	}
	return text + "~r" + canonical.EncodeToString(rules), nil
}

// Parse reads a whole link. It returns ErrLink for anything but the one
// correct spelling, and when parts do not belong together: M to mh, a ticket
// to the room and to its secret, rules to M.
func Parse(text string) (origin string, l *Link, err error) {
	origin, fragment, ok := strings.Cut(text, "/#")
	if !ok || !IsOrigin(origin) {
		return "", nil, ErrLink
	}
	l, err = ParseFragment("#" + fragment)
	if err != nil {
		return "", nil, err
	}
	return origin, l, nil
}

// IsOrigin reports whether a link may name origin: https, or http on this very
// machine, without a default port.
func IsOrigin(origin string) bool {
	if len(origin) > maxOrigin {
		return false
	}
	parts := originForm.FindStringSubmatch(origin)
	if parts == nil {
		return false
	}
	scheme, host, port := parts[1], parts[2], parts[3]
	if scheme == "http" && !slices.Contains(loopback, host) {
		return false
	}
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	standard := map[string]int{"https": 443, "http": 80}[scheme]
	return err == nil && n <= 65535 && n != standard
}

// ParseFragment reads the fragment of a link, "#" included, as Parse does.
func ParseFragment(fragment string) (*Link, error) {
	rest, ok := strings.CutPrefix(fragment, "#1.")
	if !ok || len(fragment) > maxFragment {
		return nil, ErrLink
	}
	parts := strings.Split(rest, "~")
	l, err := parseFirst(parts[0])
	if err != nil {
		return nil, err
	}
	for last := byte(0); len(parts) > 1; parts = parts[1:] {
		part := parts[1]
		if part == "" || part[0] <= last { // in alphabetical order, so each once
			return nil, ErrLink
		}
		last = part[0]
		if err := l.parsePart(last, part[1:]); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// parseFirst reads what stands before the first "~".
func parseFirst(text string) (*Link, error) {
	participant, moderator, isModerator := strings.Cut(text, ".")
	b, err := decode(participant, SecretSize+HashSize)
	if err != nil {
		return nil, err
	}
	l := &Link{Secret: [SecretSize]byte(b), Moderators: [HashSize]byte(b[SecretSize:])}
	if !isModerator {
		return l, nil
	}
	b, err = decode(moderator, SecretSize)
	if err != nil {
		return nil, err
	}
	secret := [SecretSize]byte(b)
	keys, err := NewModerator(secret)
	if err != nil || keys.Hash() != l.Moderators {
		return nil, ErrLink
	}
	l.Moderator = &secret
	return l, nil
}

// decode reads base64url of exactly size bytes. Go's decoder skips line breaks.
func decode(text string, size int) ([]byte, error) {
	b, err := canonical.DecodeString(text)
	if err != nil || len(b) != size || strings.ContainsAny(text, "\r\n") {
		return nil, ErrLink
	}
	return b, nil
}

func (l *Link) parsePart(letter byte, text string) error {
	switch {
	case letter == 'g' && l.Moderator == nil:
		b, err := decode(text, 4+SecretSize)
		if err != nil || binary.BigEndian.Uint32(b) == 0 {
			return ErrLink
		}
		l.Generation = &Generation{Number: binary.BigEndian.Uint32(b), Secret: [SecretSize]byte(b[4:])}
		return nil
	case letter == 'm' && l.Moderator == nil:
		b, err := decode(text, 1)
		if err != nil || b[0] != masked {
			return ErrLink
		}
		l.Masked = true
		return nil
	case letter == 't' && l.Moderator == nil:
		return l.parseTicket(text)
	case letter == 'r' && l.Moderator != nil:
		b, err := canonical.DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return ErrLink
		}
		l.Rules, err = readRules(b, *l.Moderator)
		return err
	default:
		return ErrLink
	}
}

func (l *Link) parseTicket(text string) error {
	b, err := decode(text, TicketSecretSize+TicketSize)
	if err != nil {
		return err
	}
	room, err := l.Room()
	if err != nil {
		return err
	}
	t := &Ticket{Secret: [TicketSecretSize]byte(b), Signed: b[TicketSecretSize:]}
	key, err := t.Key()
	if err != nil {
		return err
	}
	read, err := ReadTicket(t.Signed, room.ID, l.Moderators)
	if err != nil || !slices.Equal(read.Key, public(key)) {
		return ErrLink
	}
	l.Ticket = t
	return nil
}
