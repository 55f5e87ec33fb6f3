package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/seed732fc211/aegis/internal/filelock"
)

// Server says where the server is. The zero value is one in this process, without a port, with
// a temporary folder.
type Server struct {
	URL string // such as nats://host:4222 or tls://host:4222; "": in this process

	Credentials string // file of a user's JWT and key, as nsc writes it; "": none
	CA          string // file of certificates that the server's is checked with; "": the system's
	Cert, Key   string // files of this client's certificate; "": none

	Folder string // of the server in this process; another process cannot use it at the same time. "": a temporary one
}

// Conn is a connection to a server. It connects again whenever it is lost.
type Conn struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	embed  *server.Server
	close  []func()
	remark func(string)
}

// Connect connects to a server, or starts one in this process. A server that cannot be
// reached is waited for until ctx is done; one that refuses the credentials or the
// certificate, or has another certificate than expected, is an error at once. Remarks on
// waiting and lost connections go to remark, which may be nil.
//
// A server at a URL must have JetStream, and should have "sync_interval: always" in its
// configuration: with NATS's default of two minutes, a power failure loses what it had
// acknowledged. The one in this process has it.
func Connect(ctx context.Context, s Server, remark func(string)) (*Conn, error) {
	if remark == nil {
		remark = func(string) {}
	}
	c := &Conn{remark: remark}
	options := []nats.Option{
		nats.Name("aegis"), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.Timeout(5 * time.Second), nats.PingInterval(10 * time.Second),
		nats.CustomReconnectDelay(func(int) time.Duration { return 200 * time.Millisecond }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				remark(fmt.Sprintf("the connection is lost: %v", err))
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { remark(err.Error()) }),
	}
	if (s.Cert == "") != (s.Key == "") {
		return nil, errors.New("jetstream: a certificate goes with its key")
	}
	if s.Credentials != "" {
		options = append(options, nats.UserCredentials(s.Credentials))
	}
	if s.CA != "" {
		options = append(options, nats.RootCAs(s.CA))
	}
	if s.Cert != "" {
		options = append(options, nats.ClientCert(s.Cert, s.Key))
	}
	if s.URL == "" {
		if err := c.start(s.Folder); err != nil {
			c.Close()
			return nil, fmt.Errorf("jetstream: %w", err)
		}
		options = append(options, nats.InProcessServer(c.embed))
	}
	var err error
	if c.nc, err = dial(ctx, s.URL, options, remark); err != nil {
		c.Close()
		return nil, fmt.Errorf("jetstream: connect to %s: %w", orHere(s.URL), err)
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithPublishAsyncTimeout(5*time.Second)); err != nil {
		c.Close()
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return c, nil
}

func orHere(url string) string {
	if url == "" {
		return "the server in this process"
	}
	return url
}

// dial connects, waiting for a server that cannot be reached.
func dial(ctx context.Context, url string, options []nats.Option, remark func(string)) (*nats.Conn, error) {
	said := false
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		nc, err := nats.Connect(url, options...)
		if err == nil || !unreachable(err) {
			return nc, err
		}
		if !said {
			remark(fmt.Sprintf("waiting for %s: %v", url, err))
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// unreachable reports whether a server may only be not there yet.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &dns) || errors.As(err, &op) && op.Op != "remote error"
}

// start starts the server in this process.
func (c *Conn) start(folder string) error {
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "aegis-jetstream-*"); err != nil {
			return err
		}
		c.close = append(c.close, func() { os.RemoveAll(folder) })
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	c.close = append(c.close, func() { f.Close() })
	if err := filelock.Lock(f); err != nil {
		if errors.Is(err, filelock.ErrHeld) {
			err = errors.New("another process has its server there")
		}
		return fmt.Errorf("%s: %w", folder, err)
	}
	if c.embed, err = server.NewServer(&server.Options{
		ServerName: "aegis", DontListen: true, JetStream: true, StoreDir: folder, SyncAlways: true, NoSigs: true, NoLog: true,
	}); err != nil {
		return err
	}
	c.embed.Start()
	c.close = append(c.close, func() { c.embed.Shutdown(); c.embed.WaitForShutdown() })
	if !c.embed.ReadyForConnections(30 * time.Second) {
		return errors.New("the server in this process does not start")
	}
	return nil
}

// Close closes the connection and stops the server in this process.
func (c *Conn) Close() {
	if c == nil {
		return
	}
	if c.nc != nil {
		c.nc.Close()
	}
	for i := len(c.close) - 1; i >= 0; i-- {
		c.close[i]()
	}
	c.close = nil
}

var errNoConn = errors.New("jetstream: the connection is nil")

// retry calls f until it succeeds, fails for good, or ctx is done. Its first attempt may take
// the given time, each further one twice as long.
func (c *Conn) retry(ctx context.Context, first time.Duration, f func(context.Context) error) error {
	pause, limit := 10*time.Millisecond, first
	for {
		attempt, cancel := context.WithTimeout(ctx, limit)
		err := f(attempt)
		cancel()
		switch {
		case err == nil || final(err):
			return err
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case c.nc.IsClosed():
			return errors.Join(errors.New("the connection is closed"), c.nc.LastError(), err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		pause, limit = min(2*pause, 500*time.Millisecond), min(2*limit, 10*time.Minute)
	}
}

// final reports whether an error is the server's answer, not the lack of one.
func final(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code < 500 || taken(err) || api.ErrorCode == jetstream.JSErrCodeJetStreamNotEnabled || api.ErrorCode == jetstream.JSErrCodeJetStreamNotEnabledForAccount
	}
	for _, e := range []error{jetstream.ErrObjectNotFound, jetstream.ErrBucketNotFound, nats.ErrMaxPayload, errForGood} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errForGood marks an error that another attempt cannot help.
var errForGood = errors.New("this will not change")
