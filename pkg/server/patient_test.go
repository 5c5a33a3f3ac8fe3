package server

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAClientThatStopsReadingIsLeft(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	answer := bytes.Repeat([]byte("x"), 3*piece+1)
	took := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(theirs, make([]byte, len(answer)))
		took <- err
	}()
	n, err := patientConn{ours, 10 * time.Second}.Write(answer)
	require.NoError(t, err)
	assert.Len(t, answer, n)
	assert.NoError(t, <-took, "one that reads gets all")

	_, err = patientConn{ours, 20 * time.Millisecond}.Write(answer)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}
