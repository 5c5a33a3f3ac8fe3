package objects

import (
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	start := time.Now()
	c, err := Load()
	t.Log(time.Since(start))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(c.Types()))
}
