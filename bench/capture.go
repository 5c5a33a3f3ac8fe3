package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// statement is one that a server ran, with the values of its parameters as
// text; nil is null.
type statement struct {
	text string
	args []*string
}

// capture is a proxy before PostgreSQL that notes the statements which pass. What
// pgbench runs is made from its notes, so that the two cannot differ.
type capture struct {
	listener net.Listener
	target   string // host:port

	mu       sync.Mutex
	noted    []statement
	settings map[string]string // of the connections
	broken   error
}

func newCapture(target string) (*capture, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &capture{listener: l, target: target}
	go c.serve()
	return c, nil
}

func (c *capture) close() { _ = c.listener.Close() }

// take returns what was noted since the last call.
func (c *capture) take() ([]statement, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	noted := c.noted
	c.noted = nil
	return noted, c.broken
}

func (c *capture) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		}()
		go func() {
			if err := c.pass(client, server); err != nil {
				c.mu.Lock()
				c.broken = err
				c.mu.Unlock()
			}
			_ = server.Close()
		}()
	}
}

// pass hands on the messages of one connection, noting what they execute.
func (c *capture) pass(client io.Reader, server io.Writer) error {
	texts := map[string]string{} // prepared, by name
	for first := true; ; first = false {
		head := make([]byte, 5)
		if first { // the first message has no type
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return nil // closed
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return nil
		}
		if first {
			c.greet(body)
		} else if err := c.note(texts, head[0], body); err != nil {
			return err
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return nil
		}
	}
}

// greet notes the settings that a connection asks for.
func (c *capture) greet(body []byte) {
	parts := strings.Split(string(body[4:]), "\x00")
	settings := map[string]string{}
	for i := 0; i+1 < len(parts); i += 2 {
		if !slices.Contains([]string{"", "user", "database", "application_name", "client_encoding", "extra_float_digits", "datestyle"}, parts[i]) {
			settings[parts[i]] = parts[i+1]
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings = settings
}

// note reads Parse, Bind and Query messages (PostgreSQL's documentation,
// "Message Formats").
func (c *capture) note(texts map[string]string, kind byte, body []byte) error {
	switch kind {
	case 'P':
		parts := bytes.SplitN(body, []byte{0}, 3)
		texts[string(parts[0])] = string(parts[1])
	case 'Q':
		c.add(statement{text: string(bytes.TrimRight(body, "\x00"))})
	case 'B':
		parts := bytes.SplitN(body, []byte{0}, 3)
		args, err := values16(parts[2])
		if err != nil {
			return err
		}
		c.add(statement{text: texts[string(parts[1])], args: args})
	}
	return nil
}

func (c *capture) add(s statement) {
	if s.text == ";" { // a ping
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = append(c.noted, s)
}

// values16 reads the parameters of a Bind message: formats, then values.
func values16(b []byte) ([]*string, error) {
	next := func() int {
		n := binary.BigEndian.Uint16(b)
		b = b[2:]
		return int(n)
	}
	for range next() {
		if next() != 0 {
			return nil, fmt.Errorf("a parameter in binary form, which pgbench cannot send")
		}
	}
	args := make([]*string, next())
	for i := range args {
		size := int32(binary.BigEndian.Uint32(b))
		b = b[4:]
		if size >= 0 {
			text := string(b[:size])
			args[i], b = &text, b[size:]
		}
	}
	return args, nil
}
