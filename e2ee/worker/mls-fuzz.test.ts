/**
 * Random commits under the profile: adds, removes, resyncs and refreshes by
 * rotating committers, followed by everybody. Vectors do not find what this
 * finds (trees with unmerged leaves, blank nodes, shrinking and growing).
 */
import assert from "node:assert/strict"
import test from "node:test"
import { initializeEpoch } from "ts-mls/keySchedule.js"
import { computePskSecret } from "ts-mls/presharedkey.js"
import { equal } from "./bytes.ts"
import * as mls from "./mls.ts"
import { commitOf, enter, follow, founder, type Guest, generator, guest, roomOf, type Seated, secrets } from "./mls-kit.ts"
import { suite } from "./mls-suite.ts"
import * as profile from "./profile.ts"

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32))
const random = generator(seed)
const below = (n: number): number => Math.floor(random() * n)

/** One group: its size stays around `size` for `commits` commits. */
interface Plan {
  readonly size: number
  readonly commits: number
}

// `make fuzz` asks for all of it; `make test` does a part, beside the thousand
// commits that both implementations follow (tests/mls).
const share = process.env["MLS_FUZZ"] === "all" ? 1 : 5

// Every member works on every commit, so the large groups are few.
const plans: readonly Plan[] = [
  { size: 1, commits: 40 },
  { size: 2, commits: 460 },
  { size: 3, commits: 300 },
  { size: 5, commits: 100 },
  { size: 8, commits: 50 },
  { size: 13, commits: 26 },
  { size: 24, commits: 14 },
  { size: 64, commits: 10 },
]

/**
 * The next epoch's authenticator as somebody computes it who has the last
 * epoch's secrets, the link's PSK, the commit and the next group context, and
 * guesses that the commit secret is zero. Right for a commit without a path:
 * so the removed must be shut out by the path, and are.
 */
async function guess(before: mls.Group, commit: Uint8Array, after: mls.Group, room: profile.Room): Promise<Uint8Array> {
  const { content } = mls.readCommit(commit).message
  assert.ok(content.contentType === "commit")
  const ids = content.commit.proposals.flatMap((p) =>
    p.proposalOrRefType === "proposal" && p.proposal.proposalType === "psk" ? [p.proposal.psk.preSharedKeyId] : [],
  )
  const pskSecret = await computePskSecret(
    ids.map((id) => [id, room.psk]),
    suite,
  )
  const { initSecret } = before.state.keySchedule
  const epoch = await initializeEpoch(initSecret, new Uint8Array(32), after.state.groupContext, pskSecret, suite.kdf)
  return epoch.keySchedule.epochAuthenticator
}

class Group {
  readonly room: profile.Room & { readonly room: Uint8Array }
  members: Seated[]
  readonly #plan: Plan

  constructor(room: profile.Room & { readonly room: Uint8Array }, first: Seated, plan: Plan) {
    this.room = room
    this.members = [first]
    this.#plan = plan
  }

  /** Chooses who goes, who comes back with a new leaf, and how many come. */
  async #wish(by: Seated): Promise<{ readonly out: Seated[]; readonly again: Seated[]; readonly fresh: Guest[] }> {
    const others = this.members.filter((m) => m !== by)
    const { size } = this.#plan
    const take = (n: number) =>
      Array.from({ length: Math.min(n, others.length) }, () => others.splice(below(others.length), 1)[0] as Seated)
    const kind = random()
    if (kind < 0.1) return { out: [], again: [], fresh: [] }
    const again = kind < 0.3 ? take(1 + below(2)) : []
    const surplus = this.members.length - size
    const out = kind < 0.55 ? take(Math.max(0, surplus) + below(1 + Math.ceil(size / 6))) : []
    const wanted = surplus < 0 && random() < 0.7 ? Math.min(-surplus, 1 + below(40)) : 0
    const more = kind > 0.4 ? wanted + below(3) : wanted
    const fresh = await Promise.all(Array.from({ length: Math.min(more, 64 - again.length) }, () => guest(this.room)))
    return { out, again, fresh }
  }

  async step(): Promise<void> {
    const by = this.members[below(this.members.length)] as Seated
    const { out, again, fresh } = await this.#wish(by)
    const leaving = [...out, ...again]
    for (const m of again) m.own = await mls.keyPackage(m.identity, m.signer)
    const coming: Guest[] = [...again, ...fresh].sort(() => random() - 0.5)
    const made = await commitOf(by, this.room, { adds: coming, removes: leaving.map((m) => mls.ownLeaf(m.group)) })
    const staying = this.members.filter((m) => m !== by && !leaving.includes(m))
    const followed = await Promise.all(staying.map((m) => follow(m, this.room, made.commit)))
    const expelled = await Promise.all(leaving.map((m) => follow(m, this.room, made.commit)))
    assert.ok(expelled.every((m) => m === null))
    const entered = await Promise.all(coming.map((g) => enter(g, this.room, made.welcome ?? new Uint8Array())))
    const mine = { ...by, group: made.next, roster: await profile.rosterOf(made.next, this.room, by.roster) }
    this.members = [mine, ...(followed as Seated[]), ...entered]
    await this.#check(made.next)
    const now = mls.authenticator(made.next)
    if (mls.readCommit(made.commit).path === null) assert.ok(equal(await guess(by.group, made.commit, made.next, this.room), now))
    for (const m of leaving) assert.ok(!equal(await guess(m.group, made.commit, made.next, this.room), now), "the removed are shut out")
  }

  async #check(now: mls.Group): Promise<void> {
    const expected = await secrets(now)
    const roster = JSON.stringify([...(this.members[0] as Seated).roster.values()].map((s) => [s.leaf, s.id]))
    for (const m of this.members) {
      assert.ok(equal(await secrets(m.group), expected), "all members agree")
      assert.equal(JSON.stringify([...m.roster.values()].map((s) => [s.leaf, s.id])), roster)
    }
  }
}

test("random commits: everybody agrees after each", { timeout: 600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}`)
  const room = await roomOf(1)
  let commits = 0
  let largest = 0
  for (const plan of plans) {
    const began = performance.now()
    const group = new Group(room, await founder(room), plan)
    for (let i = 0; i < plan.commits / share; i++, commits++) {
      await group.step()
      largest = Math.max(largest, group.members.length)
    }
    t.diagnostic(`${plan.commits} commits around ${plan.size} members: ${Math.round(performance.now() - began)} ms`)
  }
  t.diagnostic(`${commits} commits, at most ${largest} members`)
  assert.ok(commits >= 1000 / share)
})
