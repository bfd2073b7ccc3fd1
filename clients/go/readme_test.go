package ringcast

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// snippet is a Go block of the README and the output that it promises.
type snippet struct{ code, output string }

// snippets are the program of the quick start, the pieces behind it, and the lines for a shell.
func snippets(t *testing.T) (program snippet, pieces []snippet, shell string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []snippet
	for _, block := range fence.FindAllStringSubmatch(string(readme), -1) {
		switch kind, text := block[1], block[2]; kind {
		case "sh":
			shell += text
		case "go":
			all = append(all, snippet{code: text})
		case "text":
			all[len(all)-1].output = text
		default:
			t.Fatalf("a block of kind %q that nothing runs", kind)
		}
	}
	for _, one := range all {
		if one.output == "" {
			t.Fatalf("no output is promised for\n%s", one.code)
		}
	}
	return all[0], all[1:], shell
}

var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "os": "os", "ringcast": "ringcast", "time": "time",
}

// inProgram makes one program of pieces. Each prints a line with only "--" before its own output.
func inProgram(pieces []snippet) string {
	var functions, calls strings.Builder
	for i, piece := range pieces {
		fmt.Fprintf(&functions, "func piece%d(ctx context.Context, client *ringcast.Client) {\n{\n%s}\n}\n\n", i, piece.code)
		fmt.Fprintf(&calls, "\tfmt.Println(\"--\")\n\tpiece%d(context.Background(), &ringcast.Client{URL: \"http://127.0.0.1:8080\"})\n", i)
	}
	body := functions.String() + "func main() {\n" + calls.String() + "}\n"
	var imports strings.Builder
	for name, path := range packages {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(body) {
			fmt.Fprintf(&imports, "import %q\n", path)
		}
	}
	return "package main\n\n" + imports.String() + "\n" + body
}

// workshop is an empty folder for the README's commands, and a broker to which they speak in place of the one on port 8080.
func workshop(t *testing.T) (folder string, broker *daemon) {
	t.Helper()
	settings := strings.Replace(static(goodToken, allGrants), "auth: {", `auth: {anonymous: {publish: ["**"], subscribe: ["**"]}, `, 1)
	return t.TempDir(), startDaemon(t, settings)
}

// inShell runs commands as a reader of the README would.
func inShell(t *testing.T, folder, commands string) string {
	t.Helper()
	module, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	script := "set -e\n" + strings.ReplaceAll(commands, "/path/to/ringcast/clients/go", "'"+module+"'")
	command := exec.Command("sh", "-c", script)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=")
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, complaints.String(), output.String())
	}
	return output.String()
}

func writeProgram(t *testing.T, folder, code string, broker *daemon) {
	t.Helper()
	code = strings.ReplaceAll(code, "http://127.0.0.1:8080", broker.url)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"main.go": code, "token.txt": goodToken + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheQuickStartOfTheREADMERuns(t *testing.T) {
	program, _, shell := snippets(t)
	folder, broker := workshop(t)
	inShell(t, folder, shell)
	hello := filepath.Join(folder, "hello")
	writeProgram(t, hello, program.code, broker)
	if got := inShell(t, hello, "go run ."); got != program.output {
		t.Errorf("it printed %q", got)
	}
}

func TestTheSnippetsOfTheREADMEPrintWhatItSaysInAWorkspace(t *testing.T) {
	_, pieces, _ := snippets(t)
	folder, broker := workshop(t)
	writeProgram(t, folder, inProgram(pieces), broker)
	// As GOFLAGS=-mod=mod is not for workspaces.
	output := inShell(t, folder, "export GOFLAGS=; go mod init hello; go work init . /path/to/ringcast/clients/go; go run .")
	parts := strings.Split(output, "--\n")[1:]
	if len(parts) != len(pieces) {
		t.Fatalf("%d of %d snippets printed:\n%s", len(parts), len(pieces), output)
	}
	for i, piece := range pieces {
		if parts[i] != piece.output {
			t.Errorf("this printed %q:\n%s", parts[i], piece.code)
		}
	}
}

func TestTheREADMEsSnippetsAreFormatted(t *testing.T) {
	program, pieces, _ := snippets(t)
	for _, one := range append(pieces, program) {
		command := exec.Command("gofmt")
		command.Stdin = strings.NewReader(one.code)
		if output, err := command.CombinedOutput(); err != nil || string(output) != one.code {
			t.Errorf("gofmt makes of it (%v):\n%s", err, output)
		}
	}
}
