import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { decodeStatement, type Policy } from "../../client/src/wire/statements.gen.ts"
import { choose, judge, NO_POLICY, succeeds } from "./admission.ts"
import { toHex } from "./bytes.ts"
import { readSigned, type Said } from "./statement.ts"
import { hex } from "./vectors.ts"

interface Place {
  readonly verdict: string
  readonly name: string
  readonly room: string
  readonly moderators: string
  readonly now: number
}

interface ComingVector {
  readonly person: string
  readonly key: string
  readonly viewer: boolean
}

interface AdmissionVector extends Place {
  readonly policy: string
  readonly adds: readonly ComingVector[]
  readonly removes: readonly ComingVector[]
  readonly a: readonly string[]
  readonly k: readonly string[]
  readonly kicked?: readonly string[]
  readonly chosen: readonly number[]
}

type SignedVector = Readonly<Record<"statement" | "grant" | "signature", string>>

interface SuccessionVector extends Place {
  readonly next: SignedVector
  readonly known: SignedVector | null
}

const read = <T>(name: string): readonly T[] => (JSON.parse(readFileSync(`e2ee/vectors/${name}`, "utf8")) as { readonly cases: T[] }).cases

const coming = ({ person, key, viewer }: ComingVector) => ({ person: hex(person), key: hex(key), viewer })

function policyOf(text: string): Policy {
  if (text === "") return NO_POLICY
  const statement = decodeStatement(text)
  assert.ok(statement.t === "policy")
  return statement
}

for (const v of read<AdmissionVector>("admission.json")) {
  test(`admission, ${v.verdict}: ${v.name}`, async () => {
    const ids = { room: hex(v.room), moderators: hex(v.moderators) }
    const [policy, adds, removes, a] = [policyOf(v.policy), v.adds.map(coming), v.removes.map(coming), v.a.map(hex)]
    const judged = await judge({ adds, removes, admissions: a, kicks: v.k.map(hex) }, policy, ids, v.now)
    assert.equal(judged.verdict, v.verdict)
    if (judged.verdict === "ok") {
      const kicked = judged.kicks.map((said) => toHex(said.statement.person))
      assert.deepEqual(kicked, v.kicked ?? [])
    }
    const chosen = await choose(adds, removes, a, policy, ids, v.now)
    assert.deepEqual(
      chosen.adds.map((one) => adds.indexOf(one)),
      v.chosen,
    )
    const again = await judge({ adds: chosen.adds, removes, admissions: chosen.admissions, kicks: [] }, policy, ids, v.now)
    assert.equal(again.verdict, "ok")
  })
}

async function saidOf(v: SignedVector, place: Place): Promise<Said<Policy>> {
  const signed: Signed = { ...v, grant: hex(v.grant), signature: hex(v.signature) }
  const said = await readSigned(signed, { room: hex(place.room), moderators: hex(place.moderators) }, place.now)
  assert.ok(said)
  const { statement, grant } = said
  assert.ok(statement.t === "policy")
  return { statement, grant }
}

for (const v of read<SuccessionVector>("succession.json")) {
  test(`policy, ${v.verdict}: ${v.name}`, async () => {
    const next = await saidOf(v.next, v)
    const known = v.known === null ? null : await saidOf(v.known, v)
    assert.equal(await succeeds(next, known), v.verdict === "succeeds")
  })
}
