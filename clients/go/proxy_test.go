package ringcast

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and a daemon, and cuts connections.
type proxy struct {
	listener net.Listener
	url      string
	group    sync.WaitGroup

	mutex     sync.Mutex // Guards what is below.
	backend   string
	open      map[net.Conn]bool
	isPaused  bool  // Connections end at once.
	swallowed int   // So many connections end when the backend answers.
	mostBytes int64 // Of an answer; then the connection ends. 0: no limit.
	accepted  int
}

func startProxy(t testing.TB, backend string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, url: "http://" + listener.Addr().String(), backend: backend, open: map[net.Conn]bool{}}
	p.group.Add(1)
	go p.serve()
	t.Cleanup(func() {
		listener.Close()
		p.pause()
		p.group.Wait()
	})
	return p
}

func (p *proxy) serve() {
	defer p.group.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Add(1)
		go p.forward(client)
	}
}

func (p *proxy) forward(client net.Conn) {
	defer p.group.Done()
	defer client.Close()
	p.mutex.Lock()
	p.accepted++
	backend, mostBytes, isPaused, isSwallowed := p.backend, p.mostBytes, p.isPaused, p.swallowed > 0
	p.mutex.Unlock()
	if isPaused {
		return
	}
	server, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer server.Close()
	defer p.forget(client, server)
	if !p.keep(client, server) {
		return
	}
	p.group.Add(1)
	go func() {
		defer p.group.Done()
		io.Copy(server, client)
		server.Close()
	}()
	switch {
	case isSwallowed:
		if count, _ := server.Read(make([]byte, 1)); count > 0 {
			p.mutex.Lock()
			p.swallowed--
			p.mutex.Unlock()
		}
	case mostBytes > 0:
		io.CopyN(client, server, mostBytes)
	default:
		io.Copy(client, server)
	}
}

// keep notes connections for pause; false when it has come meanwhile.
func (p *proxy) keep(connections ...net.Conn) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, connection := range connections {
		p.open[connection] = true
	}
	return !p.isPaused
}

func (p *proxy) forget(connections ...net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, connection := range connections {
		delete(p.open, connection)
	}
}

// pause cuts all connections, and those that come.
func (p *proxy) pause() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.isPaused = true
	for connection := range p.open {
		connection.Close()
	}
}

func (p *proxy) resume() { p.set(func() { p.isPaused = false }) }

func (p *proxy) set(change func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
}

func (p *proxy) connections() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.accepted
}
