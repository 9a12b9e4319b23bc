// Load lets many headless people meet on one server, in another process, and
// prints what that costs: one line for each figure, "figure NAME VALUE".
//
//	go run ./tests/load -binary bin/paravent
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// limit is how long everything may take on a busy machine.
const limit = 25 * time.Minute

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	binary := flag.String("binary", "bin/paravent", "the server")
	people := flag.String("people", "1000,2500,5000", "how many people there are, in rooms of five, when it is measured")
	hall := flag.Int("hall", 250, "how many people are in the one large room; 0: none")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if *people != "" {
		if err := measureCrowd(ctx, out, *binary, *people); err != nil {
			return fmt.Errorf("crowd: %w", err)
		}
	}
	if *hall > 0 {
		if err := measureHall(ctx, out, *binary, *hall); err != nil {
			return fmt.Errorf("hall: %w", err)
		}
	}
	return nil
}

// measureCrowd fills rooms of five and measures the server's memory.
func measureCrowd(ctx context.Context, out io.Writer, binary, people string) error {
	var steps []int
	for text := range strings.SplitSeq(people, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n%roomSize != 0 || n == 0 {
			return fmt.Errorf("-people: want multiples of %d", roomSize)
		}
		steps = append(steps, n)
	}
	s, err := start(ctx, binary, "-max-rooms", strconv.Itoa(steps[len(steps)-1]/roomSize))
	if err != nil {
		return err
	}
	defer s.stop()
	idle, err := s.memory()
	if err != nil {
		return err
	}
	c := &crowd{target: s.target}
	defer c.leave()
	for _, n := range steps {
		began := time.Now()
		if err := c.grow(ctx, n); err != nil {
			return err
		}
		took := time.Since(began)
		if err := c.agree(ctx); err != nil {
			return err
		}
		if err := settle(ctx); err != nil {
			return err
		}
		now, err := s.memory()
		if err != nil {
			return err
		}
		joins := c.joins()
		for _, figure := range []struct {
			name  string
			value float64
		}{
			{"load_kb_per_person", float64(now-idle) / float64(n)},
			{"load_join_ms_median", milliseconds(percentile(joins, 50))},
			{"load_join_ms_p99", milliseconds(percentile(joins, 99))},
			{"load_joins_per_second", float64(len(joins)) / took.Seconds()},
		} {
			fmt.Fprintf(out, "figure %s_%d %.1f\n", figure.name, n, figure.value)
			if n == steps[len(steps)-1] {
				fmt.Fprintf(out, "figure %s %.1f\n", figure.name, figure.value)
			}
		}
	}
	return nil
}

// settleTime is how long the server is left alone before its memory is
// measured: what it has used for a moment is given back.
const settleTime = 20 * time.Second

func settle(ctx context.Context) error {
	select {
	case <-time.After(settleTime):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// measureHall fills one room, removes somebody and measures how long it takes
// until everybody else has the new keys.
func measureHall(ctx context.Context, out io.Writer, binary string, people int) error {
	s, err := start(ctx, binary, "-max-people", strconv.Itoa(people+1))
	if err != nil {
		return err
	}
	defer s.stop()
	h := &hall{target: s.target}
	defer h.leave()
	began := time.Now()
	if err := h.fill(ctx, people); err != nil {
		return err
	}
	filled := time.Since(began)
	if err := h.calm(ctx); err != nil {
		return err
	}
	sent := h.bytes.read.Load()
	k, err := h.kick(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "figure hall_%d_fill_s %.1f\n", people, filled.Seconds())
	fmt.Fprintf(out, "figure hall_%d_fill_mb %.1f\n", people, float64(sent)/1e6)
	fmt.Fprintf(out, "figure kick_%d_first_ms %.0f\n", people, milliseconds(k.first))
	fmt.Fprintf(out, "figure kick_%d_ms %.0f\n", people, milliseconds(k.all))
	fmt.Fprintf(out, "figure kick_%d_bytes %d\n", people, k.bytes)
	fmt.Fprintf(out, "figure kick_%d_bytes_per_person %d\n", people, k.bytes/int64(people))
	return nil
}

// target is a server that people go to.
type target struct {
	origin string
	tls    *tls.Config
}

// process is the server, in a folder of its own.
type process struct {
	target
	cmd    *exec.Cmd
	folder string
	cancel context.CancelFunc
}

// start runs the server on a free port of this machine.
func start(ctx context.Context, binary string, args ...string) (*process, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "paravent-load-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &process{folder: folder, cancel: cancel}
	s.cmd = exec.CommandContext(ctx, binary, append([]string{"-listen", "127.0.0.1:0", "-public", "127.0.0.1"}, args...)...) //nolint:gosec // the developer names the program
	s.cmd.Dir, s.cmd.Stderr = folder, os.Stderr
	lines, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	line, err := bufio.NewReader(lines).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, errors.New("the server has not started")
	}
	if err := s.trust(strings.TrimSpace(line)); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *process) trust(link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(filepath.Join(s.folder, "paravent-data", "certificate.pem"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		return errors.New("want a certificate")
	}
	s.target = target{"https://127.0.0.1:" + u.Port(), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}
	return nil
}

func (s *process) stop() {
	s.cancel()
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Wait() // it was ended
	}
	_ = os.RemoveAll(s.folder)
}

var resident = regexp.MustCompile(`(?m)^RssAnon:\s+(\d+) kB$`)

// memory returns the memory that is the server's own, in kB.
func (s *process) memory() (int, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	m := resident.FindSubmatch(bytes.TrimSpace(status))
	if m == nil {
		return 0, errors.New("want the resident memory in /proc")
	}
	return strconv.Atoi(string(m[1]))
}
