package datagram

// trust is how far trains are believed in. A destination whose path is narrower
// than our packets refuses them (EINVAL, EMSGSIZE), as does a device without
// checksums (EIO): such a train is taken apart and sent once more, which costs.
// When nothing but refusals comes, trains rest for a while. It is one
// destination that is narrow as a rule, and it must not cost the others theirs.
type trust struct {
	most    int // datagrams in a train, with full trust
	strikes int // trains refused one after another, whose datagrams were taken
	rest    int // batches until trains are tried again; 0: they are made
}

const (
	strikes = 8    // refusals in a row that end the trust
	rest    = 4096 // batches that then go without trains: seconds
)

// taken notes that a train has left.
func (t *trust) taken() { t.strikes = 0 }

// refused notes that a train has not, but its datagrams have.
func (t *trust) refused() {
	if t.strikes++; t.strikes >= strikes {
		t.strikes, t.rest = 0, rest
	}
}

// next is how many datagrams a train of the next batch may have.
func (t *trust) next() int {
	if t.rest > 0 {
		t.rest--
		return 1
	}
	return t.most
}
