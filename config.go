package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"paravent/server"
)

// setting is one thing an operator can choose, by flag or by variable, for a
// command that needs a C.
type setting[C any] struct {
	flag     string // without its dash
	fallback string
	meaning  string
	set      func(conf *C, value string) error
}

// variable names the environment variable of the same setting. A flag goes
// before a variable.
func (s setting[C]) variable() string {
	return "PARAVENT_" + strings.ToUpper(strings.ReplaceAll(s.flag, "-", "_"))
}

// settings is every setting of the server, in the order of the help text.
var settings = []setting[server.Config]{ //nolint:gochecknoglobals // immutable table
	{"listen", ":8443", "TCP address of the HTTPS server", func(c *server.Config, v string) (err error) {
		c.Listen = v
		return checkAddress(v)
	}},
	{"udp", "", "UDP address for media (default: the same as -listen)", func(c *server.Config, v string) error {
		c.UDP = v
		if v == "" {
			return nil
		}
		return checkAddress(v)
	}},
	{"public", "", "addresses and host names under which browsers reach this server, separated by commas; behind NAT name the public IP address too, media goes there (default: the machine's own)", setPublic},
	{"data", defaultData, "folder for the certificate, its key and the key for host tokens, which are made when missing; nothing else is written", setFolder(func(c *server.Config) *string { return &c.Data })},
	{"cert", "", "PEM file with the certificate chain, in place of the self-signed one", setFile(func(c *server.Config) *string { return &c.Cert })},
	{"key", "", "PEM file with the key of -cert", setFile(func(c *server.Config) *string { return &c.Key })},
	{"hosts", "open", "who may open rooms: open, everybody, or token, whoever has a host token (paravent token makes them)", setHosts},
	{"transport", server.DefaultTransport, "how media travels: " + strings.Join(server.Transports(), " or "), setTransport},
	{"srtp", server.Ciphers()[0], "cipher preferred for media on the way to this server, with -transport engine: " + strings.Join(server.Ciphers(), " or "), setSRTP},
	{"max-rooms", strconv.Itoa(server.DefaultRooms), "most rooms at a time", setNumber(1, server.MostRooms, func(c *server.Config) *int { return &c.Rooms })},
	{"max-people", strconv.Itoa(server.DefaultPeople), "most people in one room", setNumber(1, server.MostPeople, func(c *server.Config) *int { return &c.People })},
}

// tokenRequest is what the host token to be made is like.
type tokenRequest struct {
	folder string // of the server that it is for
	days   int
}

// tokenSettings is every setting of paravent token.
var tokenSettings = []setting[tokenRequest]{ //nolint:gochecknoglobals // immutable table
	{"data", defaultData, "the folder that the server is started with; the key for host tokens in it is made when missing", setFolder(func(r *tokenRequest) *string { return &r.folder })},
	{"days", strconv.Itoa(server.DefaultTokenDays), "how many days the token holds", setNumber(1, server.MostTokenDays, func(r *tokenRequest) *int { return &r.days })},
}

const defaultData = "paravent-data"

// parse reads the settings of the server. See read.
func parse(args []string, lookup func(string) (string, bool)) (server.Config, []error) {
	conf, errs := read(settings, args, lookup)
	return conf, append(errs, check(conf)...)
}

// read reads settings from flags, then variables, then defaults, and returns
// everything that is wrong with them, one sentence each. The only error is
// flag.ErrHelp when help is asked for.
func read[C any](settings []setting[C], args []string, lookup func(string) (string, bool)) (conf C, errs []error) {
	flags := flag.NewFlagSet("paravent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, s := range settings {
		flags.String(s.flag, s.fallback, s.meaning)
	}
	if err := flags.Parse(args); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			err = fmt.Errorf("%w: see paravent -help", err)
		}
		return conf, []error{err}
	}
	if flags.NArg() > 0 {
		return conf, []error{fmt.Errorf("%q is not a flag: see paravent -help", flags.Arg(0))}
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })

	for _, s := range settings {
		name, value := "-"+s.flag, flags.Lookup(s.flag).Value.String()
		if v, ok := lookup(s.variable()); ok && !given[s.flag] {
			name, value = s.variable(), v
		}
		if err := s.set(&conf, value); err != nil {
			errs = append(errs, fmt.Errorf("%s %q: %w", name, value, err))
		}
	}
	return conf, errs
}

// check finds the faults that lie between settings.
func check(conf server.Config) (errs []error) {
	if (conf.Cert == "") != (conf.Key == "") {
		errs = append(errs, errors.New("-cert and -key: want both or neither"))
	}
	return errs
}

// checkAddress accepts HOST:PORT with an IP address or nothing as HOST.
func checkAddress(value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return errors.New("want HOST:PORT or :PORT")
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		return errors.New("want an IP address of this machine, localhost or nothing before the port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("want a port from 0 to 65535, where 0 means any free one")
	}
	return nil
}

// hostName matches what may stand in a certificate and a link (RFC 1123).
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func setPublic(conf *server.Config, value string) error {
	conf.Public = nil
	if value == "" {
		return nil
	}
	for host := range strings.SplitSeq(value, ",") {
		host = strings.ToLower(strings.TrimSpace(host))
		address, err := netip.ParseAddr(host)
		switch {
		case err == nil && (address.IsUnspecified() || address.IsMulticast() || address.Zone() != ""):
			return fmt.Errorf("%s is not an address that a browser can reach", address)
		case err != nil && (len(host) > 253 || !hostName.MatchString(host)):
			return errors.New("want IP addresses or host names, without scheme or port, separated by commas")
		}
		conf.Public = append(conf.Public, host)
	}
	return nil
}

// setFile stores the name of a file that can be read.
func setFile(field func(*server.Config) *string) func(*server.Config, string) error {
	return func(conf *server.Config, value string) error {
		*field(conf) = value
		if value == "" {
			return nil
		}
		file, err := os.Open(filepath.Clean(value))
		if err != nil {
			return server.Plain(err)
		}
		return file.Close()
	}
}

// setFolder stores the name of a folder, which need not be there.
func setFolder[C any](field func(*C) *string) func(*C, string) error {
	return func(conf *C, value string) error {
		if value == "" {
			return errors.New("want the name of a folder")
		}
		*field(conf) = value
		return nil
	}
}

func setHosts(conf *server.Config, value string) error {
	conf.Tokens = value == "token"
	if value != "token" && value != "open" {
		return errors.New("want open or token")
	}
	return nil
}

func setTransport(conf *server.Config, value string) error {
	conf.Transport = value
	if !slices.Contains(server.Transports(), value) {
		return errors.New("want " + strings.Join(server.Transports(), " or "))
	}
	return nil
}

func setSRTP(conf *server.Config, value string) error {
	conf.SRTP = value
	if !slices.Contains(server.Ciphers(), value) {
		return errors.New("want " + strings.Join(server.Ciphers(), " or "))
	}
	return nil
}

// setNumber stores a number from least to most.
func setNumber[C any](least, most int, field func(*C) *int) func(*C, string) error {
	return func(conf *C, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			return fmt.Errorf("want a number from %d to %d", least, most)
		}
		*field(conf) = n
		return nil
	}
}

// usage prints every command and every setting.
func usage(out io.Writer) {
	fmt.Fprint(out, "paravent [serve] [flags]    serve meetings until interrupted\n"+
		"paravent token [flags]      print a host token, for servers with -hosts token\n"+
		"paravent loadtest [flags]   find out how many people and rooms this machine can hold\n"+
		"paravent version            print the version\n"+
		"paravent client-manifest    print the SHA-256 of each file of the browser client\n\n"+
		"Flags, each also a variable (-max-rooms is PARAVENT_MAX_ROOMS):\n")
	list(out, settings)
	fmt.Fprint(out, "\nFlags of paravent token:\n")
	list(out, tokenSettings)
	fmt.Fprint(out, "\nFlags of paravent loadtest:\n")
	list(out, loadtestSettings)
}

func list[C any](out io.Writer, settings []setting[C]) {
	for _, s := range settings {
		fmt.Fprintf(out, "  -%-12s %s", s.flag, s.meaning)
		if s.fallback != "" {
			fmt.Fprintf(out, " (default: %s)", s.fallback)
		}
		fmt.Fprintln(out)
	}
}
