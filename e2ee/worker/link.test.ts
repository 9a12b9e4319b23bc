import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { equal, toHex } from "./bytes.ts"
import {
  deriveModerator,
  deriveRoom,
  moderatorText,
  newLinks,
  parseFragment,
  parseLink,
  participantText,
  proveJoin,
  proveModerator,
} from "./link.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "bad link"
  readonly name: string
  readonly text: string
  readonly link?: { readonly origin: string; readonly secret: string; readonly moderators: string; readonly moderator?: string }
  readonly derived?: Readonly<Record<"room" | "joinKey" | "leafMac" | "psk" | "signatureKey" | "kemKey", string>>
  readonly proof?: Readonly<Record<"nonce" | "person" | "joinSignature" | "moderatorSignature", string>>
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/link.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const { verdict, name, text, link: want, derived, proof } of cases) {
  test(`link, ${verdict}: ${name}`, async () => {
    const parsed = await parseLink(text)
    if (verdict === "bad link") {
      assert.equal(parsed, null)
      return
    }
    assert.ok(parsed && want && derived && proof)
    const { origin, link } = parsed
    assert.equal(origin, want.origin)
    assert.equal(toHex(link.secret), want.secret)
    assert.equal(toHex(link.moderators), want.moderators)
    assert.equal(link.moderator && toHex(link.moderator), want.moderator)
    assert.equal(moderatorText(origin, link) || participantText(origin, link), text)
    assert.deepEqual(await parseFragment(text.slice(text.indexOf("#"))), link)

    const room = await deriveRoom(link)
    assert.equal(toHex(room.room), derived.room)
    assert.equal(toHex(room.join.publicKey), derived.joinKey)
    assert.equal(toHex(room.psk), derived.psk)
    const mac = await crypto.subtle.importKey("raw", hex(derived.leafMac), { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    const macOf = async (key: CryptoKey): Promise<string> => toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, hex("00"))))
    assert.equal(await macOf(room.leafMac), await macOf(mac))
    const [nonce, person] = [hex(proof.nonce), hex(proof.person)]
    assert.equal(toHex(await proveJoin(room.join.privateKey, nonce, room.room, person)), proof.joinSignature)
    if (link.moderator === undefined) return
    const keys = await deriveModerator(link.moderator)
    assert.equal(toHex(keys.signature.publicKey), derived.signatureKey)
    assert.equal(toHex(keys.kem.publicKey), derived.kemKey)
    assert.equal(toHex(await proveModerator(keys.signature.privateKey, nonce, room.room, person)), proof.moderatorSignature)
    for (const key of [room.join.privateKey, keys.signature.privateKey, keys.kem.privateKey]) assert.equal(key.extractable, false)
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

test("a proof over wrong sizes is refused", () => {
  const key = {} as CryptoKey
  const [nonce, room, person] = [new Uint8Array(32), new Uint8Array(16), new Uint8Array(16)]
  assert.throws(() => proveJoin(key, nonce.subarray(1), room, person), RangeError)
  assert.throws(() => proveJoin(key, nonce, nonce, person), RangeError)
  assert.throws(() => proveModerator(key, nonce, room, nonce), RangeError)
})
