package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client sends requests to one server and follows no redirects.
type client struct {
	base, token string
	http        *http.Client
}

func newClient(base, token string) *client {
	return &client{base: base, token: token, http: &http.Client{
		Timeout: 60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

func (c *client) send(s *step, b bindings) (*http.Response, string, error) {
	path, err := b.text(s.Request.Path)
	if err != nil {
		return nil, "", err
	}
	var query []string
	for _, pair := range s.Request.Query {
		name, err := b.text(fmt.Sprint(pair[0]))
		if err != nil {
			return nil, "", err
		}
		value, err := b.text(fmt.Sprint(pair[1]))
		if err != nil {
			return nil, "", err
		}
		query = append(query, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	headers := map[string]string{"Accept": "application/json"}
	if _, own := s.Request.Headers["Authorization"]; !own {
		headers["Authorization"] = "Token " + c.token
	}
	var body io.Reader
	switch {
	case len(s.Request.JSON) > 0:
		value, err := decoded(s.Request.JSON)
		if err != nil {
			return nil, "", err
		}
		if value, err = b.fill(value); err != nil {
			return nil, "", err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, "", err
		}
		body, headers["Content-Type"] = bytes.NewReader(text), "application/json"
	case s.Request.Text != nil:
		text, err := b.text(*s.Request.Text)
		if err != nil {
			return nil, "", err
		}
		body = strings.NewReader(text)
	}
	for key, value := range s.Request.Headers {
		if value == nil {
			delete(headers, key)
			continue
		}
		if headers[key], err = b.text(*value); err != nil {
			return nil, "", err
		}
	}
	req, err := http.NewRequest(s.Request.Method, c.base+path, body)
	if err != nil {
		return nil, "", err
	}
	for key, value := range headers {
		req.Header.Set(key, value)
	}
	return c.do(req)
}

func (c *client) do(req *http.Request) (*http.Response, string, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// parsed is a JSON answer decoded, another as its text, an empty one as nil.
func parsed(res *http.Response, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		return decoded([]byte(text))
	}
	return text, nil
}

func decoded(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	return value, errors.Join(d.Decode(&value))
}
