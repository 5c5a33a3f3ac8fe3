package server

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"relata/pkg/accounts"
)

// plainID is a request id of a client that is taken over.
var plainID = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,128}$`)

// identify gives every request an id, in the answer and for the log.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !plainID.MatchString(id) {
			id = uuid.NewString()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		return next(c)
	}
}

// unread bounds how long the rest of a body that no handler has read is waited
// for: net/http takes it before it answers, without a bound of its own. Who reads
// the body sets another bound.
func unread(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().ContentLength != 0 {
			_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(lingering)) // not all connections have one
		}
		return next(c)
	}
}

// lingering is as long as a refusal may take.
const lingering = 800 * time.Millisecond

func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// access logs each request once it is answered.
func access(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			err := next(c)
			if !log.Enabled(context.Background(), slog.LevelInfo) {
				return err
			}
			req := c.Request()
			fields := []slog.Attr{
				slog.String("request_id", requestID(c)),
				slog.String("method", req.Method),
				slog.String("path", req.URL.Path),
				slog.Int("status", c.Response().Status),
				slog.Int64("bytes", c.Response().Size),
				slog.Duration("took", time.Since(start)),
			}
			if account, ok := accounts.From(req.Context()); ok {
				fields = append(fields, slog.String("user", account.Username))
			}
			log.LogAttrs(context.Background(), slog.LevelInfo, "request", fields...)
			return err
		}
	}
}
