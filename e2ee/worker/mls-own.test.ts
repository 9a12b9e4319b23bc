/** The vectors of our own: a member that only listens, under the whole profile. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { judge, NO_POLICY } from "./admission.ts"
import { equal, fromHex, toHex } from "./bytes.ts"
import { deriveRoom } from "./link.ts"
import * as mls from "./mls.ts"
import { baseKey } from "./mls-kit.ts"
import * as profile from "./profile.ts"

const NOW = 2_000_000_000_000 // ms since 1970: grant and admission of the vectors hold

interface Agreed {
  readonly epoch: number
  readonly authenticator: string
  readonly baseKey: string
  readonly members: readonly (readonly [leaf: number, person: string])[]
}

type Step = { readonly name: string; readonly commit: string } & (
  | ({ readonly verdict: "ok" } & Agreed)
  | { readonly verdict: "removed" }
  | { readonly verdict: mls.MlsError["fault"] }
)

interface Vectors {
  readonly link: { readonly secret: string; readonly moderators: string }
  readonly person: string
  readonly signatureKey: string
  readonly signaturePrivate: string
  readonly keyPackage: string
  readonly initPrivate: string
  readonly leafPrivate: string
  readonly welcome: string
  readonly joined: Agreed
  readonly steps: readonly Step[]
}

const v: Vectors = JSON.parse(readFileSync("e2ee/vectors/mls.json", "utf8"))
const hex = (text: string) => fromHex(text) ?? assert.fail("not hex")

async function check(group: mls.Group, expected: Agreed): Promise<void> {
  assert.equal(mls.epoch(group), BigInt(expected.epoch))
  assert.equal(toHex(mls.authenticator(group)), expected.authenticator)
  assert.equal(toHex(await baseKey(group)), expected.baseKey)
}

const seats = (roster: profile.Roster) => Array.from(roster.values(), (s) => [s.leaf, s.id])

test("vectors of our own: a Welcome and the commits after it", async (t) => {
  const room = await deriveRoom({ secret: hex(v.link.secret), moderators: hex(v.link.moderators) })
  const person = hex(v.person)
  const candidate = await mls.readKeyPackage(hex(v.keyPackage))
  const identity = await profile.identityOf(room.leafMac, person, hex(v.signatureKey))
  assert.ok(equal(identity, candidate.identity))
  const secrets = { initPrivateKey: hex(v.initPrivate), hpkePrivateKey: hex(v.leafPrivate), signaturePrivateKey: hex(v.signaturePrivate) }
  const own = { message: hex(v.keyPackage), package: candidate.package, secrets }
  let { group } = await mls.join(hex(v.welcome), [own], [profile.pskOf(room)])
  let roster = await profile.checkJoined(group, room, person)
  await check(group, v.joined)
  assert.deepEqual(seats(roster), v.joined.members)
  let judged = 0
  for (const step of v.steps) {
    const next = async () => {
      const incoming = mls.readCommit(hex(step.commit))
      const { said, added, removed } = await profile.checkCommit(incoming, group, roster, room)
      if (said.a.length + said.k.length > 0) {
        const coming = ({ person, signatureKey, viewer }: profile.Seat) => ({ person, key: signatureKey, viewer })
        const removes = removed.flatMap((leaf) => roster.get(leaf) ?? []).map(coming)
        const change = { adds: added.map(coming), removes, admissions: said.a, kicks: said.k }
        assert.equal((await judge(change, NO_POLICY, room, NOW)).verdict, "ok", `${step.name}: also where people wait to be admitted`)
        judged++
      }
      return mls.process(group, incoming, profile.pskOf(room))
    }
    if (step.verdict === "removed") {
      assert.equal(await next(), null, step.name)
      continue
    }
    if (step.verdict !== "ok") {
      await assert.rejects(next, (e) => e instanceof mls.MlsError && e.fault === step.verdict, step.name)
      continue
    }
    const after = await next()
    assert.ok(after, step.name)
    group = after
    roster = await profile.rosterOf(group, room, roster)
    await check(group, step)
    assert.deepEqual(seats(roster), step.members, step.name)
  }
  assert.equal(judged, 2)
  t.diagnostic(`${v.steps.length} steps of e2ee/vectors/mls.json ran`)
})
