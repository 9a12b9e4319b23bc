import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { encodeStatement } from "../../client/src/wire/statements.gen.ts"
import { NO_POLICY } from "./admission.ts"
import { equal, toHex } from "./bytes.ts"
import { signingPair } from "./derive.ts"
import {
  deriveModerator,
  deriveRoom,
  generationKeys,
  generationSecret,
  moderatorText,
  newLinks,
  parseFragment,
  parseLink,
  participantText,
  proveGeneration,
  proveJoin,
  proveModerator,
  provePassphrase,
  textSaying,
} from "./link.ts"
import { passphraseKeys } from "./passphrase.ts"
import type { Link, Rules } from "./port.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "bad link"
  readonly name: string
  readonly text: string
  readonly link?: {
    readonly origin: string
    readonly secret: string
    readonly moderators: string
    readonly moderator?: string
    readonly generation?: { readonly number: number; readonly secret: string }
    readonly masked?: true
    readonly ticket?: { readonly secret: string; readonly ticket: string }
    readonly rules?: { readonly policy: string; readonly passphrase?: string; readonly host?: string }
  }
  readonly derived?: Readonly<Record<"room" | "joinKey" | "leafMac" | "psk" | "passphraseSalt" | "signatureKey" | "kemKey", string>> & {
    readonly generation?: { readonly joinKey: string; readonly psk: string }
    readonly generations?: readonly { readonly number: number; readonly secret: string }[]
  }
  readonly proof?: Readonly<
    Record<"nonce" | "person" | "leafSeed" | "joinSignature" | "generationSignature" | "moderatorSignature", string>
  >
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/link.json", "utf8")) as { readonly cases: readonly Vector[] }

const hexOf = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes)

/** A link as the file writes it. */
function shown(origin: string, link: Link): unknown {
  const { secret, moderators, moderator, generation, masked, ticket, rules } = link
  const parts = {
    origin,
    secret: toHex(secret),
    moderators: toHex(moderators),
    moderator: hexOf(moderator),
    generation: generation && { number: generation.number, secret: toHex(generation.secret) },
    masked,
    ticket: ticket && { secret: toHex(ticket.secret), ticket: toHex(ticket.ticket) },
    rules: rules && {
      policy: encodeStatement({ t: "policy", seq: 0, ...rules.policy }),
      passphrase: hexOf(rules.passphrase),
      host: hexOf(rules.host),
    },
  }
  return JSON.parse(JSON.stringify(parts))
}

for (const { verdict, name, text, link: want, derived, proof } of cases) {
  test(`link, ${verdict}: ${name}`, async () => {
    const parsed = await parseLink(text)
    if (verdict === "bad link") {
      assert.equal(parsed, null)
      return
    }
    assert.ok(parsed && want && derived && proof)
    const { origin, link } = parsed
    assert.deepEqual(shown(origin, link), want)
    assert.equal(moderatorText(origin, link) || participantText(origin, link), text)
    assert.deepEqual(await parseFragment(text.slice(text.indexOf("#"))), link)

    const room = await deriveRoom(link)
    assert.equal(toHex(room.room), derived.room)
    assert.equal(toHex(room.join.publicKey), derived.joinKey)
    assert.equal(toHex(room.psk), derived.psk)
    assert.equal(toHex(room.passphraseSalt), derived.passphraseSalt)
    const mac = await crypto.subtle.importKey("raw", hex(derived.leafMac), { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    const macOf = async (key: CryptoKey): Promise<string> => toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, hex("00"))))
    assert.equal(await macOf(room.leafMac), await macOf(mac))
    const [nonce, person, leaf] = [hex(proof.nonce), hex(proof.person), await signingPair(hex(proof.leafSeed))]
    assert.equal(toHex(await proveJoin(room.join.privateKey, nonce, room.room, person)), proof.joinSignature)
    assert.equal(toHex(await proveModerator(leaf.privateKey, nonce, room.room, person)), proof.moderatorSignature)
    for (const key of [room.join.privateKey, leaf.privateKey]) assert.equal(key.extractable, false)
    if (link.generation !== undefined) {
      const { join, psk } = await generationKeys(link.generation.secret)
      assert.deepEqual({ joinKey: toHex(join.publicKey), psk: toHex(psk) }, derived.generation)
      assert.equal(toHex(await proveGeneration(join.privateKey, nonce, room.room, person)), proof.generationSignature)
    }
    if (link.moderator === undefined) return
    const keys = await deriveModerator(link.moderator)
    assert.equal(toHex(keys.signature.publicKey), derived.signatureKey)
    assert.equal(toHex(keys.kem.publicKey), derived.kemKey)
    assert.equal(keys.signature.privateKey.extractable, false)
    for (const { number, secret } of derived.generations ?? []) assert.equal(toHex(await generationSecret(link.moderator, number)), secret)
  })
}

test("new links lead to the same room, another each time", async () => {
  const [one, two] = [await newLinks("https://meet.example"), await newLinks("https://meet.example")]
  const [participant, moderator] = [await parseLink(one.participant), await parseLink(one.moderator)]
  assert.ok(participant && moderator)
  assert.ok(equal(participant.link.secret, moderator.link.secret))
  assert.equal(participant.link.moderator, undefined)
  assert.equal(moderator.link.moderator?.length, 32)
  assert.equal(participantText(moderator.origin, moderator.link), one.participant)
  assert.equal(moderatorText(participant.origin, participant.link), "")
  assert.notEqual(one.participant, two.participant)
})

test("a link can be given away saying that all faces are masked, and again without", async () => {
  for (const { verdict, name, text, link } of cases) {
    if (verdict !== "ok" || link?.moderator !== undefined) continue
    const { origin, link: read } = (await parseLink(text)) ?? assert.fail(name)
    const { masked: _masked, ...bare } = read
    const [on, off] = [participantText(origin, { ...bare, masked: true }), participantText(origin, bare)]
    assert.notEqual(on, off)
    for (const one of [on, off]) assert.deepEqual([textSaying(true, one), textSaying(false, one)], [on, off], name)
  }
})

test("rules that do not fit together are not written", async () => {
  const { t: _t, seq: _seq, ...rule } = NO_POLICY
  const out = new Uint8Array(32).fill(1)
  const { signature } = await passphraseKeys(out)
  const policy = { ...rule, version: 1, passphrase: signature.publicKey }
  const good: Rules = { policy, passphrase: out }
  let salt: Uint8Array | undefined
  const made = await newLinks("https://meet.example", (given) => {
    salt = given
    return Promise.resolve(good)
  })
  const parsed = await parseLink(made.moderator)
  assert.ok(parsed)
  assert.deepEqual(parsed.link.rules, good)
  assert.deepEqual((await deriveRoom(parsed.link)).passphraseSalt, salt)
  const bad: readonly Rules[] = [
    { policy },
    { policy: { ...rule, version: 1 }, passphrase: out },
    { policy, passphrase: new Uint8Array(32) },
    { policy: { ...policy, version: 0 }, passphrase: out },
    { policy: { ...policy, generation: { number: 1, key: out } }, passphrase: out },
  ]
  for (const rules of bad) await assert.rejects(newLinks("https://meet.example", rules), RangeError)
})

test("a proof over wrong sizes is refused", () => {
  const key = {} as CryptoKey
  const [nonce, room, person] = [new Uint8Array(32), new Uint8Array(16), new Uint8Array(16)]
  for (const prove of [proveJoin, proveGeneration, provePassphrase, proveModerator]) {
    assert.throws(() => prove(key, nonce.subarray(1), room, person), RangeError)
    assert.throws(() => prove(key, nonce, nonce, person), RangeError)
    assert.throws(() => prove(key, nonce, room, nonce), RangeError)
  }
  assert.throws(() => generationSecret(nonce, 0), RangeError)
})
