package mls

// groupContext is GroupContext (section 8.1).
type groupContext struct {
	version, suite          uint16
	groupID                 []byte
	epoch                   uint64
	treeHash                []byte
	confirmedTranscriptHash []byte
	extensions              []extension
}

func (r *reader) groupContext() groupContext {
	return groupContext{r.u16(), r.u16(), r.opaque(), r.u64(), r.opaque(), r.opaque(), r.extensions()}
}

func (c *groupContext) append(b []byte) []byte {
	b = appendU16(appendU16(b, c.version), c.suite)
	b = appendU64(appendOpaque(b, c.groupID), c.epoch)
	b = appendOpaque(appendOpaque(b, c.treeHash), c.confirmedTranscriptHash)
	return appendExtensions(b, c.extensions)
}

// secrets are those of an epoch that the profile uses (section 8, table 4).
type secrets struct {
	init          []byte
	exporter      []byte
	authenticator []byte
	confirmation  []byte
	membership    []byte
}

func (s *secrets) all() [][]byte {
	return [][]byte{s.init, s.exporter, s.authenticator, s.confirmation, s.membership}
}

// joinerSecret returns joiner_secret (section 8). context is that of the new
// epoch, encoded.
func joinerSecret(init, commitSecret, context []byte) ([]byte, error) {
	return expandWithLabel(extract(init, commitSecret), "joiner", context, hashSize)
}

// welcomeSecret returns welcome_secret (section 8).
func welcomeSecret(joiner, psk []byte) ([]byte, error) {
	return deriveSecret(extract(joiner, psk), "welcome")
}

// epochSecret returns epoch_secret (section 8).
func epochSecret(joiner, psk, context []byte) ([]byte, error) {
	return expandWithLabel(extract(joiner, psk), "epoch", context, hashSize)
}

// deriveSecrets derives the secrets of an epoch from epoch_secret.
func deriveSecrets(epoch []byte) (secrets, error) {
	var s secrets
	for _, d := range []struct {
		to    *[]byte
		label string
	}{
		{&s.init, "init"},
		{&s.exporter, "exporter"},
		{&s.authenticator, "authentication"},
		{&s.confirmation, "confirm"},
		{&s.membership, "membership"},
	} {
		secret, err := deriveSecret(epoch, d.label)
		if err != nil {
			return secrets{}, err
		}
		*d.to = secret
	}
	return s, nil
}

// schedule goes from joiner_secret to the secrets of an epoch.
func schedule(joiner, psk, context []byte) (secrets, error) {
	epoch, err := epochSecret(joiner, psk, context)
	if err != nil {
		return secrets{}, err
	}
	defer wipe(epoch)
	return deriveSecrets(epoch)
}

// export is MLS-Exporter (section 8.5).
func export(exporter []byte, label string, context []byte, length int) ([]byte, error) {
	secret, err := deriveSecret(exporter, label)
	if err != nil {
		return nil, err
	}
	defer wipe(secret)
	return expandWithLabel(secret, "exported", hash(context), length)
}

// confirmedHash returns confirmed_transcript_hash after a commit (section 8.2).
func confirmedHash(interimBefore []byte, format uint16, content *framedContent, signature []byte) []byte {
	b := append([]byte(nil), interimBefore...)
	b = content.append(appendU16(b, format))
	return hash(appendOpaque(b, signature))
}

// interimHash returns interim_transcript_hash after a commit (section 8.2).
func interimHash(confirmed, confirmationTag []byte) []byte {
	return hash(appendOpaque(append([]byte(nil), confirmed...), confirmationTag))
}
