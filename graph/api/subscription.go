package api

import (
	"context"
	"time"

	"github.com/blastradius/blastradius/graph/explore"
)

// beat is the longest time between two updates: a sign of life.
const beat = 15 * time.Second

// subscriptions are the fields of the subscription type.
type subscriptions struct{ *resolver }

// Updates sends an update at once, one whenever the ledger has grown, and one
// each beat. It ends with ctx, or where the store fails: who subscribes again
// is told why.
func (r subscriptions) Updates(ctx context.Context, window *explore.WindowInput) (<-chan *explore.Update, error) {
	ask := func(since uint64) (*explore.Update, error) {
		w, err := r.window(window) // one that ends now moves on
		if err != nil {
			return nil, err
		}
		return r.explorer.Update(ctx, since, w)
	}
	mark, err := r.explorer.Watermark(ctx)
	if err != nil {
		return nil, err
	}
	first, err := ask(mark)
	if err != nil {
		return nil, err
	}
	out := make(chan *explore.Update)
	go func() {
		defer close(out)
		poll := time.NewTicker(r.poll)
		defer poll.Stop()
		for next := first; ; {
			sent := time.Now()
			select {
			case out <- next:
			case <-ctx.Done():
				return
			}
			for grown := false; !grown && time.Since(sent) < beat; {
				select {
				case <-poll.C:
				case <-ctx.Done():
					return
				}
				now, err := r.explorer.Watermark(ctx)
				if err != nil {
					return
				}
				grown = now != uint64(next.Watermark)
			}
			u, err := ask(uint64(next.Watermark))
			if err != nil {
				return
			}
			next = u
		}
	}()
	return out, nil
}
