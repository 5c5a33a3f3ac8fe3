package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/labstack/echo/v4"

	"relata/pkg/api"
	"relata/pkg/store"
)

// answerer turns errors into answers: the one place that does. What the client
// can act on is told in the contract's shape; anything else is logged once and
// its text shown to nobody.
type answerer struct{ log *slog.Logger }

func (a *answerer) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if err, is := p.(error); is && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				a.answer(c, &panicked{p, debug.Stack()})
			}
		}()
		if err := next(c); err != nil {
			a.answer(c, err)
		}
		return nil
	}
}

// panicked is the error of a handler that panicked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// retryAfter is how many seconds a client is asked to wait.
const retryAfter = "1"

// answer sends the answer that err deserves.
func (a *answerer) answer(c echo.Context, err error) {
	status, body, known := api.Refusal(err)
	var unrouted *echo.HTTPError
	switch {
	case known:
	case errors.As(err, &unrouted):
		status, body = unrouted.Code, detail(unroutedText(c, unrouted.Code))
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusServiceUnavailable
		body = detail("The request took too long and was rolled back. Ask for less at once, or try again later.")
		a.note(c, slog.LevelWarn, "request timed out", err)
	case errors.Is(err, store.ErrUnreachable):
		status = http.StatusServiceUnavailable
		body = detail("The database does not answer. Please try again later.")
		a.note(c, slog.LevelError, "database unreachable", err)
	case errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil:
		// The client is gone; 499 stands in the log alone.
		status = 499
	default:
		status, body = http.StatusInternalServerError, a.internal(c, err)
	}
	if c.Response().Committed {
		return
	}
	body = api.Indented(c.Request(), body)
	header := c.Response().Header()
	if status == http.StatusServiceUnavailable {
		header.Set(echo.HeaderRetryAfter, retryAfter)
	}
	header.Set(echo.HeaderContentType, "application/json")
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	c.Response().WriteHeader(status)
	if c.Request().Method != http.MethodHead {
		_, _ = c.Response().Write(body)
	}
}

func unroutedText(c echo.Context, status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not found."
	case http.StatusMethodNotAllowed:
		return fmt.Sprintf("Method %q not allowed.", c.Request().Method)
	}
	return http.StatusText(status)
}

func detail(text string) []byte {
	body, _ := json.Marshal(map[string]string{"detail": text})
	return body
}

// internal logs an error of our own and returns the body that tells of it.
func (a *answerer) internal(c echo.Context, err error) []byte {
	a.note(c, slog.LevelError, "internal error", err)
	body, _ := json.Marshal(struct {
		Error     string `json:"error"`
		Exception string `json:"exception"`
		Nautobot  string `json:"nautobot_version"`
		Python    string `json:"python_version"`
		RequestID string `json:"request_id"`
	}{"The server met an error of its own; nothing was changed. Its log has the details under this request id.",
		"InternalError", api.NautobotVersion, "none", requestID(c)})
	return body
}

func (a *answerer) note(c echo.Context, level slog.Level, message string, err error) {
	fields := []slog.Attr{
		slog.String("request_id", requestID(c)),
		slog.String("method", c.Request().Method),
		slog.String("path", c.Request().URL.Path),
		slog.String("error", err.Error()),
	}
	var p *panicked
	if errors.As(err, &p) {
		fields = append(fields, slog.String("stack", string(p.stack)))
	}
	a.log.LogAttrs(context.Background(), level, message, fields...)
}
