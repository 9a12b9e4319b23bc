// Package privacy starts the real program and holds it to its promise: it says
// two lines and nothing more, writes a certificate and keys of its own and
// nothing more, whatever is thrown at it, and forgets who was there.
package privacy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything here may take on a busy machine.
const patience = 30 * time.Second

const page = "<!doctype html><title>Paravent</title>"

// builds makes the program as it is released, once with a client of one page
// and once without any, so that these tests need no built client.
var builds = sync.OnceValues(func() (programs struct{ whole, bare string }, err error) {
	dist, err := filepath.Abs("../../client/dist")
	if err != nil {
		return programs, err
	}
	folder, err := os.MkdirTemp("", "paravent-privacy-")
	if err != nil {
		return programs, err
	}
	built, err := filepath.Glob(dist + "/*")
	if err != nil {
		return programs, err
	}
	replace := map[string]string{}
	for _, file := range built {
		if filepath.Base(file) != "README" {
			replace[file] = "" // as if it were not there
		}
	}
	programs.bare = filepath.Join(folder, "bare")
	if err := build(folder, programs.bare, replace); err != nil {
		return programs, err
	}
	index := filepath.Join(folder, "index.html")
	if err := os.WriteFile(index, []byte(page), 0o600); err != nil {
		return programs, err
	}
	replace[filepath.Join(dist, "index.html")] = index
	programs.whole = filepath.Join(folder, "paravent")
	return programs, build(folder, programs.whole, replace)
})

func build(folder, output string, replace map[string]string) error {
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	overlay := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-overlay", overlay, "-o", output, "paravent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

func TestMain(m *testing.M) {
	if os.Getenv(heapVariable) != "" {
		os.Exit(heapServer())
	}
	code := m.Run()
	if programs, err := builds(); err == nil {
		_ = os.RemoveAll(filepath.Dir(programs.whole))
	}
	os.Exit(code)
}

func program(t *testing.T) string {
	t.Helper()
	programs, err := builds()
	if err != nil {
		t.Fatal(err)
	}
	return programs.whole
}

// running is the program, started in a folder of its own.
type running struct {
	t           *testing.T
	cmd         *exec.Cmd
	folder      string
	link        *url.URL
	fingerprint string
	leaves      []string // the files it may leave in its folder
	stdout      *bufio.Reader
	stderr      bytes.Buffer
}

// start runs the program in folder on a free port of this machine.
func start(t *testing.T, folder string, args ...string) *running {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = []string{} // no home, no temporary folder named
	return launch(t, folder, cmd)
}

// launch starts a server in folder and reads the two lines it says.
func launch(t *testing.T, folder string, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{t: t, cmd: cmd, folder: folder, leaves: []string{"paravent-data/certificate.pem", "paravent-data/key.pem"}}
	r.cmd.Dir = folder
	r.cmd.Stderr = &r.stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	r.stdout = bufio.NewReader(out)
	if r.link, err = url.Parse(r.line()); err != nil || r.link.Scheme != "https" || r.link.Hostname() != "localhost" {
		t.Fatalf("first line: %v, %v", r.link, err)
	}
	r.fingerprint = r.line()
	if !regexp.MustCompile(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`).MatchString(r.fingerprint) {
		t.Fatalf("second line: %q", r.fingerprint)
	}
	return r
}

func (r *running) line() string {
	r.t.Helper()
	line, err := r.stdout.ReadString('\n')
	if err != nil {
		_ = r.cmd.Wait()
		r.t.Fatalf("want a line, got %q: %v; it said: %s", line, err, r.stderr.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// address is where the program listens, TCP and UDP alike.
func (r *running) address() string { return net.JoinHostPort("127.0.0.1", r.link.Port()) }

// trust accepts the certificate whose fingerprint was printed, and no other.
func (r *running) trust() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // in favour of:
		VerifyConnection: func(state tls.ConnectionState) error {
			var parts []string
			for _, b := range sha256.Sum256(state.PeerCertificates[0].Raw) {
				parts = append(parts, fmt.Sprintf("%02X", b))
			}
			if strings.Join(parts, ":") != r.fingerprint {
				return errors.New("another certificate than the one that was printed")
			}
			return nil
		},
	}
}

// openFiles lists the files that the program holds open. The kernel's own,
// where the Go runtime looks how much processor it may use, are no files, and
// what these tests were started with, and hand on to it, is none of its own.
func (r *running) openFiles() (all []string) {
	r.t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", r.cmd.Process.Pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(folder, entry.Name()))
		ours, _ := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err == nil && target != ours && strings.HasPrefix(target, "/") && target != os.DevNull && !strings.HasPrefix(target, "/sys/") {
			all = append(all, target)
		}
	}
	return all
}

// stop interrupts the program and checks all that it left behind.
func (r *running) stop() {
	r.t.Helper()
	if open := r.openFiles(); len(open) > 0 {
		r.t.Errorf("it holds files open: %v", open)
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal("it did not live to be stopped: ", err)
	}
	timer := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer timer.Stop()
	var more bytes.Buffer
	if _, err := r.stdout.WriteTo(&more); err != nil {
		r.t.Error(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Error("want exit code 0: ", err)
	}
	if more.Len() > 0 {
		r.t.Errorf("it said more than two lines: %s", more.String())
	}
	if r.stderr.Len() > 0 {
		r.t.Errorf("it wrote to standard error: %s", r.stderr.String())
	}
	if got := files(r.t, r.folder); !slices.Equal(got, r.leaves) {
		r.t.Errorf("it left these files: %v", got)
	}
}

// files lists all files below folder.
func files(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSecondStartKeepsTheCertificate(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder)
	first.stop()
	second := start(t, folder)
	second.stop()
	if first.fingerprint != second.fingerprint {
		t.Error("the second start made another certificate")
	}
	other := start(t, t.TempDir())
	other.stop()
	if other.fingerprint == first.fingerprint {
		t.Error("two servers have one certificate")
	}
}

func TestTheOperatorsCertificateIsUsedAndNoneMade(t *testing.T) {
	other := t.TempDir()
	first := start(t, other)
	first.stop()
	data := filepath.Join(other, "paravent-data")
	r := start(t, t.TempDir(), "-cert", filepath.Join(data, "certificate.pem"), "-key", filepath.Join(data, "key.pem"))
	r.leaves = nil
	r.stop()
	if r.fingerprint != first.fingerprint {
		t.Error("it serves another certificate")
	}
}

func TestServesThePageOverBothVersionsOfHTTPAndTLS(t *testing.T) {
	r := start(t, t.TempDir())
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http2 := range []bool{false, true} {
			config := r.trust()
			config.MinVersion, config.MaxVersion = version, version
			transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2, DisableKeepAlives: true}
			response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + r.address() + "/")
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			_, err = body.ReadFrom(response.Body)
			_ = response.Body.Close()
			if err != nil || body.String() != page || (response.ProtoMajor == 2) != http2 {
				t.Errorf("TLS %x, HTTP/2 %v: %q, %v", version, http2, body.String(), err)
			}
			if response.Header.Get("Strict-Transport-Security") != "" || response.Header.Get("Content-Security-Policy") == "" {
				t.Error("the headers are wrong")
			}
		}
	}
	config := r.trust()
	config.MaxVersion = tls.VersionTLS11
	config.MinVersion = tls.VersionTLS10
	if _, err := tls.Dial("tcp", r.address(), config); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	config = r.trust()
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	if _, err := tls.Dial("tcp", r.address(), config); err == nil {
		t.Error("a suite without authenticated encryption was accepted")
	}
	r.stop()
}

// refused runs the program with settings that do not work.
func refused(t *testing.T, path, folder string, env, args []string, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env = folder, append([]string{}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("%q: %v, want exit code 2", args, err)
	}
	if out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 || !strings.HasPrefix(errs.String(), "cannot start: ") || !strings.Contains(errs.String(), says) {
		t.Errorf("%q: said %q and %q, want one sentence with %q", args, out.String(), errs.String(), says)
	}
}

func TestWhatCannotWorkIsOneSentenceAndExitCodeTwo(t *testing.T) {
	busyTCP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busyTCP.Close() }()
	busyUDP, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busyUDP.Close() }()
	pairs := [2]string{t.TempDir(), t.TempDir()}
	for _, folder := range pairs {
		r := start(t, folder)
		r.stop()
	}
	cert, key := pairs[0]+"/paravent-data/certificate.pem", pairs[1]+"/paravent-data/key.pem"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("neither"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(broken+"/key.pem", []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	ownKey := pairs[0] + "/paravent-data/key.pem"
	noHost := t.TempDir()
	if err := os.WriteFile(noHost+"/host.key", []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env, args []string
		says      string
	}{
		{nil, []string{"-listen", busyTCP.Addr().String()}, "-listen"},
		{nil, []string{"-listen", busyUDP.LocalAddr().String()}, "-listen"},
		{nil, []string{"-listen", "127.0.0.1:0", "-udp", busyUDP.LocalAddr().String()}, "-udp"},
		{nil, []string{"-listen", "192.0.2.1:8443"}, "-listen"},
		{nil, []string{"-listen", "nowhere"}, "-listen"},
		{nil, []string{"-listen", "127.0.0.1:99999"}, "-listen"},
		{[]string{"PARAVENT_LISTEN=nowhere"}, nil, "PARAVENT_LISTEN"},
		{nil, []string{"-colour"}, "-colour"},
		{nil, []string{"serve", "-colour"}, "-colour"},
		{nil, []string{"dance"}, "dance"},
		{nil, []string{"-max-people", "0"}, "-max-people"},
		{nil, []string{"-public", "https://example.org/"}, "-public"},
		{nil, []string{"-cert", cert}, "-key"},
		{nil, []string{"-cert", cert, "-key", key}, "-cert and -key"},
		{nil, []string{"-cert", cert, "-key", file}, "-key"},
		{nil, []string{"-cert", file, "-key", key}, "-cert"},
		{nil, []string{"-cert", cert, "-key", "missing.pem"}, "-key"},
		{nil, []string{"-cert", cert, "-key", "."}, "-key"},
		{nil, []string{"-data", file}, "-data"},
		{nil, []string{"-data", "/proc/paravent"}, "-data"},
		{nil, []string{"-data", broken}, "-data"},
		{nil, []string{"-hosts", "nobody"}, "-hosts"},
		{nil, []string{"-listen", "127.0.0.1:0", "-hosts", "token", "-cert", cert, "-key", ownKey, "-data", file}, "-hosts token: -data"},
		{nil, []string{"-listen", "127.0.0.1:0", "-hosts", "token", "-data", noHost}, "-hosts token: -data: host.key"},
		{nil, []string{"token", "-data", noHost}, "-data: host.key"},
		{nil, []string{"token", "-days", "0"}, "-days"},
		{[]string{"PARAVENT_DAYS=4000"}, []string{"token"}, "PARAVENT_DAYS"},
	} {
		folder := t.TempDir()
		refused(t, program(t), folder, c.env, c.args, c.says)
	}
}

func TestABinaryWithoutTheClientSaysSo(t *testing.T) {
	programs, err := builds()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	refused(t, programs.bare, folder, nil, nil, "without the browser client")
	refused(t, programs.bare, folder, nil, []string{"client-manifest"}, "without the browser client")
	if got := files(t, folder); len(got) > 0 {
		t.Errorf("it left %v", got)
	}
}

func TestManifestNamesEachFileByItsHash(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), program(t), "client-manifest").Output()
	if want := fmt.Sprintf("%x  index.html\n", sha256.Sum256([]byte(page))); err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}
