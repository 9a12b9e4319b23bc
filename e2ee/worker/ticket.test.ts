import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { toHex } from "./bytes.ts"
import { signingPair } from "./derive.ts"
import { deriveModerator, hashModerators } from "./link.ts"
import { isKnockWith, newTicket, openLabel, proveDevice, proveKnock, proveTicket, readTicket, ticketKeys } from "./ticket.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "bad ticket"
  readonly name: string
  readonly ticket: string
  readonly room: string
  readonly moderators: string
  readonly made?: {
    readonly moderator: string
    readonly secret: string
    readonly key: string
    readonly viewer: boolean
    readonly many: boolean
    readonly notBefore: number
    readonly notAfter: number
    readonly labelBox: string
    readonly label: string | null
  }
  readonly proof?: Readonly<Record<"nonce" | "person" | "deviceSeed" | "device" | "signature" | "deviceSignature", string>>
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/ticket.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const v of cases) {
  test(`ticket, ${v.verdict}: ${v.name}`, async () => {
    const room = hex(v.room)
    const read = await readTicket(hex(v.ticket), room, hex(v.moderators))
    if (v.verdict !== "ok") {
      assert.equal(read, null)
      return
    }
    assert.ok(read && v.made && v.proof)
    const { moderator, secret, label, key, labelBox, ...plain } = v.made
    const { key: readKey, labelBox: readBox, ...rest } = read
    assert.deepEqual(rest, plain)
    assert.deepEqual([toHex(readKey), toHex(readBox)], [key, labelBox])
    assert.equal(await openLabel(await deriveModerator(hex(moderator)), room, read), label)
    const keys = await ticketKeys(hex(secret))
    assert.equal(toHex(keys.publicKey), key)
    const { nonce, person, deviceSeed, device, signature, deviceSignature } = v.proof
    assert.equal(toHex(await proveTicket(keys.privateKey, hex(nonce), room, hex(person), hex(device))), signature)
    const pair = await signingPair(hex(deviceSeed))
    assert.equal(toHex(pair.publicKey), device)
    assert.equal(toHex(await proveDevice(pair.privateKey, hex(nonce), room, hex(person), read.key)), deviceSignature)
  })
}

test("a ticket is read as it was made", async () => {
  const keys = await deriveModerator(new Uint8Array(32).fill(1))
  const mh = await hashModerators(keys.signature.publicKey, keys.kem.publicKey)
  const room = new Uint8Array(16).fill(2)
  const invitation = { label: "Ada 🙂", viewer: true, once: true, from: 5, until: 7 }
  const { secret, ticket } = await newTicket(keys, room, invitation)
  const read = await readTicket(ticket, room, mh)
  assert.ok(read)
  assert.deepEqual([read.viewer, read.many, read.notBefore, read.notAfter], [true, false, 5, 7])
  assert.deepEqual(read.key, (await ticketKeys(secret)).publicKey)
  assert.equal(await openLabel(keys, room, read), "Ada 🙂")
  assert.equal(await openLabel(await deriveModerator(new Uint8Array(32)), room, read), null)
  assert.equal(await openLabel(keys, new Uint8Array(16), read), null)
  assert.notDeepEqual((await newTicket(keys, room, invitation)).secret, secret)
  for (const bad of [{ label: "x".repeat(64) }, { until: 5 }, { until: -1 }, { from: -1 }]) {
    await assert.rejects(newTicket(keys, room, { ...invitation, ...bad }), RangeError)
  }
})

test("a proof of the ticket is for one knocker", async () => {
  const { publicKey, privateKey } = await ticketKeys(new Uint8Array(16))
  const [room, person, leaf] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2), new Uint8Array(32).fill(3)]
  const proof = await proveKnock(privateKey, room, person, leaf)
  assert.equal(await isKnockWith(publicKey, proof, room, person, leaf), true)
  assert.equal(await isKnockWith(publicKey, proof, person, person, leaf), false)
  assert.equal(await isKnockWith(publicKey, proof, room, room, leaf), false)
  assert.equal(await isKnockWith(publicKey, proof, room, person, new Uint8Array(32)), false)
  assert.equal(await isKnockWith(leaf, proof, room, person, leaf), false)
  assert.equal(await isKnockWith(publicKey, proof.subarray(1), room, person, leaf), false)
})
