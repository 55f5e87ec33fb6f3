package jetstream

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/seed732fc211/aegis/crossval"
)

// listen starts a server with a port in this process and returns its address.
func listen(t *testing.T, o *server.Options) string {
	t.Helper()
	o.Host, o.Port, o.JetStream, o.StoreDir, o.SyncAlways, o.NoSigs, o.NoLog = "127.0.0.1", -1, true, t.TempDir(), true, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s.Addr().String()
}

// accepted runs a validation through a connection.
func accepted(t *testing.T, s Server) {
	t.Helper()
	c, err := Connect(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	work(t, c, WorkOptions{})
	v := validation{7, 3, []guess{{Shift: 1}}}
	r, err := c.Validate(t.Context(), rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed}, RunOptions{})
	if err != nil || !bytes.Equal(bits(t, r), v.alone(t)) {
		t.Errorf("the result differs: %v", err)
	}
}

// refused wants an error at once: waiting would hide it.
func refused(t *testing.T, s Server, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	begin := time.Now()
	c, err := Connect(ctx, s, nil)
	if err == nil {
		c.Close()
	}
	if err == nil || !strings.Contains(err.Error(), want) || time.Since(begin) > 5*time.Second {
		t.Errorf("%+v: error %v after %v, want one with %q", s, err, time.Since(begin), want)
	}
}

// authority signs certificates.
type authority struct {
	t      *testing.T
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

// sign makes files of a certificate, of the authority itself if its own is nil.
func (a *authority) sign(name string) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: a.cert == nil,
	}
	by, byKey := c, key
	if a.cert != nil {
		by, byKey = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), byKey)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == nil {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
		a.key = key
	}
	certFile, keyFile = filepath.Join(a.folder, name+".pem"), filepath.Join(a.folder, name+".key")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// TestTLS: both sides have certificates. A client that does not know the server's authority,
// or has no certificate, or one of another authority, is refused.
func TestTLS(t *testing.T) {
	ours, theirs := &authority{t: t, folder: t.TempDir()}, &authority{t: t, folder: t.TempDir()}
	ca, _ := ours.sign("ca")
	otherCA, _ := theirs.sign("ca")
	serverCert, serverKey := ours.sign("server")
	cert, key := ours.sign("client")
	otherCert, otherKey := theirs.sign("client")
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	url := "tls://" + listen(t, &server.Options{TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}})
	accepted(t, Server{URL: url, CA: ca, Cert: cert, Key: key})
	refused(t, Server{URL: url, CA: otherCA, Cert: cert, Key: key}, "certificate")
	refused(t, Server{URL: url, Cert: cert, Key: key}, "certificate")
	refused(t, Server{URL: url, CA: ca}, "certificate")
	refused(t, Server{URL: url, CA: ca, Cert: otherCert, Key: otherKey}, "certificate")
	refused(t, Server{URL: url, CA: ca, Cert: cert}, "a certificate goes with its key")
	refused(t, Server{URL: url, CA: ca + ".not"}, "ca.pem.not")
}

// TestCredentials: a user's file is taken, one of another account's authority and none are
// refused.
func TestCredentials(t *testing.T) {
	pair := func(make func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		k, err := make()
		if err != nil {
			t.Fatal(err)
		}
		public, err := k.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return k, public
	}
	operator, operatorID := pair(nkeys.CreateOperator)
	account, accountID := pair(nkeys.CreateAccount)
	strangers, _ := pair(nkeys.CreateAccount)
	claims := jwt.NewAccountClaims(accountID)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	accountText, err := claims.Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	credentials := func(name string, by nkeys.KeyPair) string {
		user, userID := pair(nkeys.CreateUser)
		text, err := jwt.NewUserClaims(userID).Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		seed, err := user.Seed()
		if err != nil {
			t.Fatal(err)
		}
		file, err := jwt.FormatUserConfig(text, seed)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountID, accountText); err != nil {
		t.Fatal(err)
	}
	_, systemID := pair(nkeys.CreateAccount)
	system := jwt.NewAccountClaims(systemID)
	systemText, err := system.Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	if err := resolver.Store(systemID, systemText); err != nil {
		t.Fatal(err)
	}
	url := "nats://" + listen(t, &server.Options{TrustedKeys: []string{operatorID}, AccountResolver: resolver, SystemAccount: systemID})
	accepted(t, Server{URL: url, Credentials: credentials("good.creds", account)})
	refused(t, Server{URL: url, Credentials: credentials("bad.creds", strangers)}, "Authorization Violation")
	refused(t, Server{URL: url}, "Authorization Violation")
	refused(t, Server{URL: url, Credentials: "none.creds"}, "none.creds")
}
