import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import test from "node:test"
import { type ClientMessage, decodeClient, decodeServer, encodeClient, encodeServer, type ServerMessage } from "./messages.gen.ts"
import { Malformed } from "./schema.ts"
import { decodeStatement, encodeStatement } from "./statements.gen.ts"

// The examples the Go tests read too. The tests are run at the repository's root.
const folder = "signaling/wire/testdata"

type Side = readonly [name: string, again: (frame: string) => string]
const sides: readonly Side[] = [
  ["client", (frame) => encodeClient(decodeClient(frame))],
  ["server", (frame) => encodeServer(decodeServer(frame))],
  ["statement", (text) => encodeStatement(decodeStatement(text))],
]

for (const [side, again] of sides) {
  for (const name of readdirSync(join(folder, side))) {
    const data = readFileSync(join(folder, side, name))
    test(`${side}/${name}`, () => {
      let frame: string
      try {
        frame = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data)
      } catch {
        // A browser ends the connection itself when a text frame is no UTF-8.
        assert.match(name, /^bad-utf8-/)
        return
      }
      if (name.startsWith("bad-")) assert.throws(() => again(frame), Malformed)
      else assert.equal(again(frame), frame)
    })
  }
}

test("bytes keep their value", () => {
  const body = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) & 255)
  const m = decodeClient(encodeClient({ t: "data", body }))
  assert.deepEqual(m, { t: "data", body })
})

test("an absent field stays absent", () => {
  const m = decodeServer('{"t":"shown","slot":"1","mid":""}')
  assert.deepEqual(Object.keys(m), ["t", "slot", "mid"])
})

const person = new Uint8Array(16)
const unfit: readonly (readonly [string, ServerMessage | ClientMessage])[] = [
  ["text too long", { t: "answer", sdp: "x".repeat(131_073) }],
  ["text too long in bytes", { t: "answer", sdp: "é".repeat(65_537) }],
  ["half a surrogate pair", { t: "answer", sdp: "\ud800" }],
  ["bytes too short", { t: "data", to: person.subarray(1), body: person }],
  ["bytes too long", { t: "data", body: new Uint8Array(16_641) }],
  ["bytes empty", { t: "data", body: new Uint8Array() }],
  ["negative integer", { t: "ready", epoch: -1 }],
  ["great integer", { t: "ready", epoch: 2 ** 53 }],
  ["list too long", { t: "commit", epoch: 1, commit: person, adds: Array(65).fill(person), removes: [] }],
]
for (const [name, m] of unfit) test(`not written: ${name}`, () => assert.throws(() => encodeClient(m as ClientMessage), Malformed))
