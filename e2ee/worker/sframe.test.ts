import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import test from "node:test"
import { toHex } from "./bytes.ts"
import {
  AES_128_GCM_SHA256_128,
  AES_256_GCM_SHA512_128,
  deriveFrameKey,
  encodeHeader,
  importBaseKey,
  open,
  parseHeader,
  type Suite,
  seal,
} from "./sframe.ts"
import { hex } from "./vectors.ts"

const suites: readonly Suite[] = [AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128]

interface Vector {
  readonly verdict: "ok" | "forged" | "malformed"
  readonly name: string
  readonly suite: number
  readonly baseKey: string
  readonly kid: string
  readonly ctr: string
  readonly metadata: string
  readonly plaintext: string
  readonly frame: string
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/sframe.json", "utf8")) as { readonly cases: readonly Vector[] }

for (const v of cases) {
  const suite = suites.find((s) => s.id === v.suite)
  if (suite === undefined) continue // AES-CTR with HMAC is checked in Go; the client never uses it
  test(`suite ${v.suite}, ${v.verdict}: ${v.name} (${v.kid})`, async () => {
    const key = await deriveFrameKey(await importBaseKey(hex(v.baseKey)), BigInt(v.kid), suite)
    assert.equal(key.key.extractable, false)
    const [frame, metadata] = [hex(v.frame), hex(v.metadata)]
    const header = parseHeader(frame)
    if (v.verdict === "malformed") {
      assert.equal(header, null)
      return
    }
    assert.ok(header)
    const plaintext = await open(key, header, metadata, frame)
    if (v.verdict === "forged") {
      assert.equal(plaintext, null)
      return
    }
    assert.ok(plaintext)
    assert.equal(toHex(plaintext), v.plaintext)
    assert.equal(toHex(await seal(key, BigInt(v.ctr), metadata, hex(v.plaintext))), v.frame)
  })
}

// JSON.parse would round numbers above 2^53: they are made texts first.
const exact = (json: string): string => json.replaceAll(/("(?:kid|ctr)": *)([0-9]+)/g, '$1"$2"')

interface Published {
  readonly header: readonly { readonly kid: string; readonly ctr: string; readonly encoded: string }[]
  readonly sframe: readonly {
    readonly cipher_suite: number
    readonly kid: string
    readonly ctr: string
    readonly base_key: string
    readonly metadata: string
    readonly pt: string
    readonly ct: string
  }[]
}

const path = "../shared/vectors/rfc9605/test-vectors.json"

test(
  existsSync(path)
    ? "RFC 9605: published headers, suites 4 and 5"
    : "RFC 9605: published vectors are not here, e2ee/vectors/sframe.json alone ran",
  async () => {
    if (!existsSync(path)) return
    const published = JSON.parse(exact(readFileSync(path, "utf8"))) as Published
    assert.equal(published.header.length, 289)
    for (const { kid, ctr, encoded } of published.header) {
      assert.equal(toHex(encodeHeader(BigInt(kid), BigInt(ctr))), encoded)
      assert.deepEqual(parseHeader(hex(encoded)), { kid: BigInt(kid), ctr: BigInt(ctr), size: encoded.length / 2 })
    }
    let ran = 0
    for (const v of published.sframe) {
      const suite = suites.find((s) => s.id === v.cipher_suite)
      if (suite === undefined) continue
      const key = await deriveFrameKey(await importBaseKey(hex(v.base_key)), BigInt(v.kid), suite)
      assert.equal(toHex(await seal(key, BigInt(v.ctr), hex(v.metadata), hex(v.pt))), v.ct)
      const header = parseHeader(hex(v.ct))
      assert.ok(header)
      const plaintext = await open(key, header, hex(v.metadata), hex(v.ct))
      assert.equal(plaintext && toHex(plaintext), v.pt)
      ran++
    }
    assert.equal(ran, 2)
  },
)

test("a header above 64 bits is refused", () => {
  assert.throws(() => encodeHeader(1n << 64n, 0n), RangeError)
  assert.throws(() => encodeHeader(0n, 1n << 64n), RangeError)
})
