package objects

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"relata/pkg/filters"
)

// address reads an IP address or a prefix in CIDR form. A Prefix loses its host
// bits; an IP with Mask keeps both, and one without is a bare host. With
// Args["bare"] a host that is given without a length stays without one.
func (f *Field) address(v any, _ json.RawMessage) (any, *trouble) {
	if v == "" {
		if f.Null && f.Args["empty"] == "null" {
			return nil, nil
		}
		if f.Blank {
			return "", nil
		}
		return nil, wrong(notBlank)
	}
	text := pyStr(v)
	p, ok := readPrefix(text)
	if _, isText := v.(string); !ok || !isText || (f.Kind == IP && !f.Mask && strings.Contains(text, "/")) {
		return nil, wrong("Invalid IP address: " + text)
	}
	switch {
	case f.Kind == Prefix:
		return p.Masked().String(), nil
	case f.Mask && (f.Args["bare"] == "" || strings.Contains(text, "/")):
		return p.String(), nil
	}
	return p.Addr().String(), nil
}

// canonical returns what makes of a value the text that f stores of it, or says
// what is wrong with it; nil for kinds that store values as they are written.
func (f *Field) canonical() func(value string) (text, problem string) {
	if f.Kind != Prefix && (f.Kind != IP || f.Args["bare"] == "") {
		return nil
	}
	return func(value string) (string, string) {
		if value == "" {
			return "", ""
		}
		stored, problem := f.address(value, nil)
		if problem != nil {
			return "", strings.Join(problem.messages, " ")
		}
		return text(stored), ""
	}
}

// readPrefix reads HOST, HOST/LENGTH or HOST/NETMASK.
func readPrefix(text string) (netip.Prefix, bool) {
	host, mask, masked := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	bits := addr.BitLen()
	if masked {
		if strings.Contains(mask, ".") {
			if bits = netmaskBits(mask, addr); bits < 0 {
				return netip.Prefix{}, false
			}
		} else if p, err := netip.ParsePrefix(text); err == nil {
			bits = p.Bits()
		} else {
			return netip.Prefix{}, false
		}
	}
	return netip.PrefixFrom(addr, bits), true
}

// netmaskBits returns the length that a dotted mask (or wildcard mask) means, or -1.
func netmaskBits(mask string, addr netip.Addr) int {
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() || !addr.Is4() {
		return -1
	}
	octets := m.As4()
	n := uint32(octets[0])<<24 | uint32(octets[1])<<16 | uint32(octets[2])<<8 | uint32(octets[3])
	for bits := 0; bits <= 32; bits++ {
		if n == ^uint32(0)<<(32-bits) && !(bits == 0 && n != 0) {
			return bits
		}
	}
	for bits := 0; bits <= 32; bits++ {
		if n == uint32(uint64(1)<<(32-bits)-1) {
			return bits
		}
	}
	return -1
}

// mac reads a hardware address; a wrong one is told by the model's rules.
func (f *Field) mac(v any, raw json.RawMessage) (any, *trouble) {
	text, problem := f.text(v, raw)
	if problem != nil {
		return nil, problem
	}
	if text == "" {
		if f.Null {
			return nil, nil
		}
		return "", nil
	}
	if canonical, ok := filters.HardwareAddress(text.(string)); ok {
		return canonical, nil
	}
	return text, nil
}

var (
	urlPattern   = regexp.MustCompile(`(?i)^([a-z0-9.+-]*)://(?:[^\s:@/]+(?::[^\s:@/]*)?@)?(\[[0-9a-f:.]+\]|[^\s:@/?#\[\]]+)(?::([0-9]{1,5}))?(?:[/?#]\S*)?$`)
	ipv4Pattern  = regexp.MustCompile(`^(?:0|25[0-5]|2[0-4][0-9]|1[0-9]{0,2}|[1-9][0-9]?)(?:\.(?:0|25[0-5]|2[0-4][0-9]|1[0-9]{0,2}|[1-9][0-9]?)){3}$`)
	labelPattern = regexp.MustCompile(`(?i)^[a-z0-9\x{a1}-\x{ffff}](?:[a-z0-9\x{a1}-\x{ffff}-]{0,61}[a-z0-9\x{a1}-\x{ffff}])?$`)
	tldPattern   = regexp.MustCompile(`(?i)^(?:[a-z\x{a1}-\x{ffff}-]{2,63}|xn--[a-z0-9]{1,59})$`)
	localPattern = regexp.MustCompile("(?i)^(?:[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*|\"(?:[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f!#-\\[\\]-\\x7f]|\\\\[\\x01-\\x09\\x0b\\x0c\\x0e-\\x7f])*\")$")
)

var urlSchemes = map[string]bool{"http": true, "https": true, "ftp": true, "ftps": true}

var laxSchemes = map[string]bool{"file": true, "ftp": true, "ftps": true, "git": true, "http": true, "https": true,
	"mailto": true, "sftp": true, "ssh": true, "tel": true, "telnet": true, "tftp": true, "vnc": true, "xmpp": true}

// isURL reports whether text is an absolute URL; lax ones may have a bare host
// name, but no port of one digit.
func isURL(text string, lax bool) bool {
	m := urlPattern.FindStringSubmatch(text)
	if m == nil || len(text) > 2048 {
		return false
	}
	scheme := strings.ToLower(m[1])
	if lax {
		return laxSchemes[scheme] && len(m[3]) != 1 && (isHost(m[2]) || labelPattern.MatchString(m[2]))
	}
	return urlSchemes[scheme] && isHost(m[2])
}

func isHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		_, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil
	}
	if ipv4Pattern.MatchString(host) || strings.EqualFold(host, "localhost") {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(labels) < 2 || len(host) > 253 {
		return false
	}
	for i, label := range labels {
		if !labelPattern.MatchString(label) || i == len(labels)-1 && !tldPattern.MatchString(label) {
			return false
		}
	}
	return true
}

func isEmail(text string) bool {
	at := strings.LastIndex(text, "@")
	if at <= 0 || len(text) > 320 || !localPattern.MatchString(text[:at]) {
		return false
	}
	domain := text[at+1:]
	if strings.HasPrefix(domain, "[") && strings.HasSuffix(domain, "]") {
		_, err := netip.ParseAddr(strings.Trim(domain, "[]"))
		return err == nil
	}
	return !ipv4Pattern.MatchString(domain) && isHost(domain)
}

var patterns sync.Map

// cachedPattern compiles a pattern of the catalogue.
func cachedPattern(pattern string) *regexp.Regexp {
	if found, ok := patterns.Load(pattern); ok {
		return found.(*regexp.Regexp)
	}
	compiled := regexp.MustCompile(pattern)
	patterns.Store(pattern, compiled)
	return compiled
}
