import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { toHex } from "./bytes.ts"
import { sign, signingPair } from "./derive.ts"
import { makeGrant, mark, readGrant } from "./grant.ts"
import { deriveModerator } from "./link.ts"
import { entryOf, readEntry, readSigned, signStatement } from "./statement.ts"
import { hex } from "./vectors.ts"

interface Place {
  readonly verdict: string
  readonly name: string
  readonly room: string
  readonly moderators: string
  readonly now: number
}

interface GrantVector extends Place {
  readonly grant: string
  readonly made?: Readonly<Record<"moderator" | "person" | "key" | "kem" | "mark", string>> & {
    readonly notAfter: number
    readonly holder: boolean
  }
}

interface StatementVector extends Place {
  readonly signed: Readonly<Record<"statement" | "grant" | "signature", string>>
  readonly seed?: string
  readonly seq?: number
  readonly entry?: string
}

const read = <T>(name: string): readonly T[] => (JSON.parse(readFileSync(`e2ee/vectors/${name}`, "utf8")) as { readonly cases: T[] }).cases

for (const v of read<GrantVector>("grant.json")) {
  test(`grant, ${v.verdict}: ${v.name}`, async () => {
    const ids = { room: hex(v.room), moderators: hex(v.moderators) }
    const grant = await readGrant(hex(v.grant), ids, v.now)
    if (v.made === undefined) {
      assert.equal(grant, null)
      return
    }
    assert.ok(grant)
    const { moderator, ...made } = v.made
    const { person, key, kem, notAfter, holder } = grant
    const shown = { person: toHex(person), key: toHex(key), kem: toHex(kem), notAfter, holder, mark: toHex(await mark(key)) }
    assert.deepEqual(shown, made)
    assert.equal(toHex(grant.raw), v.grant)
    const to = holder ? { person, key, notAfter } : { person, key, kem, notAfter }
    assert.equal(toHex(await makeGrant(await deriveModerator(hex(moderator)), ids.room, to)), v.grant)
  })
}

test("nobody is appointed under the moderator key", async () => {
  const keys = await deriveModerator(new Uint8Array(32))
  const to = { person: new Uint8Array(16), key: new Uint8Array(32), kem: keys.kem.publicKey, notAfter: 0 }
  await assert.rejects(makeGrant(keys, new Uint8Array(16), to), RangeError)
  await assert.rejects(makeGrant(keys, new Uint8Array(16), { ...to, kem: new Uint8Array(31) }), RangeError)
  await assert.rejects(makeGrant(keys, new Uint8Array(16), { ...to, kem: new Uint8Array(32), notAfter: -1 }), RangeError)
})

for (const v of read<StatementVector>("statement.json")) {
  test(`statement, ${v.verdict}: ${v.name}`, async () => {
    const ids = { room: hex(v.room), moderators: hex(v.moderators) }
    const signed: Signed = { ...v.signed, grant: hex(v.signed.grant), signature: hex(v.signed.signature) }
    const said = await readSigned(signed, ids, v.now)
    if (v.verdict !== "ok") {
      assert.equal(said, null)
      return
    }
    assert.ok(said && v.seed !== undefined && v.entry !== undefined)
    assert.equal(said.statement.seq, v.seq)
    const { privateKey } = await signingPair(hex(v.seed))
    assert.deepEqual(await signStatement(said.statement, signed.grant, (input) => sign(privateKey, input), ids.room), signed)
    assert.equal(toHex(entryOf(signed)), v.entry)
    assert.deepEqual(readEntry(hex(v.entry)), { signed })
  })
}

test("an entry is a grant, a statement or nothing", () => {
  assert.deepEqual(readEntry(new Uint8Array(216)), { grant: new Uint8Array(216) })
  for (const size of [0, 1, 215, 217, 280, 16385]) assert.equal(readEntry(new Uint8Array(size)), null)
  assert.equal(readEntry(new Uint8Array(300).fill(0xff)), null)
})

test("a statement that is too long is not signed", async () => {
  const note = { t: "note", seq: 1, person: new Uint8Array(16), box: new Uint8Array(1025) } as const
  await assert.rejects(signStatement(note, new Uint8Array(216), () => Promise.resolve(new Uint8Array(64)), new Uint8Array(16)))
  const end = { t: "end", seq: 1 } as const
  await assert.rejects(
    signStatement(end, new Uint8Array(215), () => Promise.resolve(new Uint8Array(64)), new Uint8Array(16)),
    RangeError,
  )
  await assert.rejects(
    signStatement(end, new Uint8Array(216), () => Promise.resolve(new Uint8Array(63)), new Uint8Array(16)),
    RangeError,
  )
})
