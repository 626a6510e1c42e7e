package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ui"
)

// The time limits of the server. A request may take its query's limit to
// answer, on top of these.
const (
	headerTimeout = 5 * time.Second  // to send the header
	readTimeout   = 30 * time.Second // to send the whole request
	idleTimeout   = 2 * time.Minute  // between requests
	drainTimeout  = 10 * time.Second // for requests under way when the server is told to end
	maxHeader     = 64 << 10
)

// serverOptions say what to serve and to whom.
type serverOptions struct {
	Store    graph.Store
	Explorer *explore.Explorer
	Limits   api.Limits
	Watcher  *ingest.Watcher         // whose work /metrics shows; may be nil
	Receive  map[string]http.Handler // by path: what is posted there is ingested; may be nil
	Traces   *traceReceiver          // whose work /metrics shows; may be nil

	FirstPage string // path and query of a page to point at; may be empty

	Listen          string // host:port; port 0 takes a free one
	TokensFile      string // bearer tokens; empty: loopback only
	TLSCert, TLSKey string // PEM files; empty: loopback only
	Now             func() time.Time
	Log             *slog.Logger
	Listening       func(url string) // called once, when requests are taken; may be nil
}

// validate refuses to be reachable from elsewhere without proof of who asks and
// without encryption.
func (o *serverOptions) validate() error {
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("listen address %q", o.Listen), Err: err,
			Hint: "host:port, such as 127.0.0.1:8420"}
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return &graph.Error{Code: graph.CodeInvalid, Message: "--tls-cert and --tls-key belong together"}
	}
	if !loopback(o.Listen) && (o.TokensFile == "" || o.TLSCert == "") {
		return &graph.Error{Code: graph.CodeInvalid,
			Message: fmt.Sprintf("%s is reachable from other machines, so it needs authentication and TLS", o.Listen),
			Hint:    "give --tokens-file, --tls-cert and --tls-key, or listen on 127.0.0.1 and use a tunnel"}
	}
	return nil
}

// serveHTTP serves until ctx ends, then lets the requests under way finish.
func serveHTTP(ctx context.Context, o serverOptions) error {
	l, err := o.listen(ctx)
	if err != nil {
		return err
	}
	if o.Listening != nil {
		o.Listening(l.url)
	}
	srv := &http.Server{Handler: o.routes(ctx, l.tokens), WriteTimeout: readTimeout + o.Limits.Timeout}
	return l.serve(ctx, srv, o.Log)
}

// listener is an open address with who may ask there.
type listener struct {
	net.Listener
	url    string
	tokens []digest // none: everybody
}

// listen opens the address, with its guards.
func (o *serverOptions) listen(ctx context.Context) (*listener, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l := &listener{}
	if o.TokensFile != "" {
		var err error
		if l.tokens, err = readTokens(o.TokensFile); err != nil {
			return nil, err
		}
	}
	scheme := "http"
	var tlsConfig *tls.Config
	if o.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
		if err != nil {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read TLS certificate", Err: err}
		}
		scheme = "https"
		tlsConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert},
			NextProtos: []string{"h2", "http/1.1"}}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeUnavailable, Message: "listen on " + o.Listen, Err: err,
			Hint: "is another server running? --listen 127.0.0.1:0 takes a free port"}
	}
	if addr, ok := ln.Addr().(*net.TCPAddr); loopback(o.Listen) && (!ok || !addr.IP.IsLoopback()) {
		_ = ln.Close() // a name that says loopback and is not
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%s is not loopback here", o.Listen),
			Hint: "--listen 127.0.0.1:8420"}
	}
	l.url = scheme + "://" + ln.Addr().String()
	if tlsConfig != nil {
		ln = tls.NewListener(ln, tlsConfig)
	}
	l.Listener = ln
	return l, nil
}

// serve serves until ctx ends, then lets the requests under way finish.
func (l *listener) serve(ctx context.Context, srv *http.Server, log *slog.Logger) error {
	srv.ReadHeaderTimeout, srv.ReadTimeout, srv.IdleTimeout, srv.MaxHeaderBytes = headerTimeout, readTimeout, idleTimeout, maxHeader
	srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return &graph.Error{Code: graph.CodeUnavailable, Message: "serve on " + l.url, Err: err}
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := srv.Shutdown(drain)
	if err != nil {
		_ = srv.Close() // those that did not finish are cut
		err = &graph.Error{Code: graph.CodeTimeout, Message: "drain requests", Err: err}
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) && err == nil {
		err = e
	}
	return err
}

// routes is everything the server answers. The page and its files hold no data
// and are open; data needs a token where there are tokens. Once ctx has ended it
// is no longer ready, and streams end.
func (o *serverOptions) routes(ctx context.Context, tokens []digest) http.Handler {
	mux := http.NewServeMux()
	met := newMetrics(o.Store, o.Explorer, o.Watcher, o.Now)
	if o.Traces != nil {
		met.registry.MustRegister(traceCollector{o.Traces})
	}
	handle := func(pattern, route string, h http.Handler) { mux.Handle(pattern, met.observe(route, h)) }

	graphql := api.NewHandler(api.Options{Explorer: o.Explorer, Now: o.Now, Limits: o.Limits, Until: ctx,
		Panic: func(p any, stack []byte) { o.Log.Error("panic", "value", fmt.Sprint(p), "stack", string(stack)) }})
	handle("/graphql", "/graphql", sameSite(authorized(tokens, graphql)))
	for path, h := range o.Receive {
		handle(path, path, sameSite(authorized(tokens, h)))
	}
	handle("/metrics", "/metrics", authorized(tokens, met.handler()))
	handle("/healthz", "/healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }))
	handle("/readyz", "/readyz", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			say(w, http.StatusServiceUnavailable, "draining")
			return
		}
		for _, err := range o.Store.Sources(r.Context()) {
			if err != nil {
				say(w, http.StatusServiceUnavailable, "store unavailable")
				return
			}
			break
		}
		say(w, http.StatusOK, "ready")
	}))
	files := http.FileServerFS(ui.Files())
	page := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, ui.Files(), name) })
	}
	handle("/graphiql", "/graphiql", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", editorPolicy)
		page("graphiql.html").ServeHTTP(w, r)
	}))
	handle("/i", "page", page("index.html")) // the screen keeps its state in the query
	handle("/documents", "/documents", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(api.DocumentNames())
	}))
	handle("/documents/", "/documents", http.StripPrefix("/documents/", http.FileServerFS(api.Documents())))
	handle("/", "page", files)

	var h http.Handler = mux
	if loopback(o.Listen) {
		h = sameHost(h)
	}
	return hardened(h)
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
