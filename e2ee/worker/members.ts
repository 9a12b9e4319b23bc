/**
 * The MLS group as one member sees it: who is in, what may change, and the keys
 * of each epoch (PROTOCOL.md, "Group (MLS)", "Admission", "Link generations").
 *
 * It fails closed: a commit that cannot be verified, or that the rules forbid,
 * changes nothing, and the page is told to "resync".
 */

import type { Nominate, Signed } from "../../client/src/wire/messages.gen.ts"
import { type Bytes, concat, equal, toHex } from "./bytes.ts"
import { check, type Draft, draft, type Ground, type Judged, type Present, rotation } from "./commits.ts"
import type { TalkEpoch } from "./group-data.ts"
import * as mls from "./mls.ts"
import type { FromGroup, Keys, Member, PersonId } from "./port.ts"
import * as profile from "./profile.ts"
import { leafEmoji, safetyCode } from "./safety.ts"
import { importBaseKey } from "./sframe.ts"

const BASE_KEY_LABEL = "SFrame 1.0 Base Key" // RFC 9605, section 5.2
const BASE_KEY_SIZE = 32
const PACKAGES_MAX = 4 // KeyPackages given out and not yet used; older ones are erased
const RESYNC_MS = 10_000 // before a resync is asked for again: the first may be under way, or lost
const PENDING_MAX = 4 // commits of ours on their way for one epoch
const STRANGERS_MAX = 4 // invitations by strangers, after which this person gives up: with an honest server others would have invited it

/** An epoch just entered. */
export interface Entered {
  readonly talk: TalkEpoch
  readonly removed: readonly number[] // leaves
  readonly members: readonly Member[]
  readonly added: readonly PersonId[]
  /** Those whom a commit of this person's added. */
  readonly invited: readonly Bytes[]
  /** Removals that the commit brought, each verified. */
  readonly kicks: readonly Signed[]
}

/** What the group needs of the worker around it. */
interface Surroundings extends Ground {
  readonly tell: (message: FromGroup) => void
  readonly keys: (keys: Keys) => void
  readonly now: () => number // any steady clock, ms
  readonly entered: (epoch: Entered) => Promise<void>
  /** The group is forgotten: nothing more may be sealed for it. */
  readonly left: () => void
  readonly fault: () => void
}

/** The group of one stay. Calls must not overlap. */
export class Members {
  readonly #around: Surroundings
  #packages: mls.Own[] = [] // oldest first
  #present: Present | null = null
  #pending: mls.Pending[] = []
  #known: ReadonlySet<string> = new Set() // keys of those who were in the group when this person was last in it
  #strangers = 0 // invitations by others, in a row
  /** When a resync was last asked for (ms); null while the group can be followed. */
  #lostAt: number | null = null

  constructor(around: Surroundings) {
    this.#around = around
  }

  get epoch(): number {
    return this.#present === null ? 0 : Number(mls.epoch(this.#present.group))
  }

  get roster(): readonly profile.Seat[] {
    return Array.from(this.#present?.roster.values() ?? [])
  }

  async keyPackage(): Promise<Uint8Array> {
    const { identity, signer } = this.#around.self
    const made = await mls.keyPackage(identity, signer)
    this.#packages.push(made)
    for (const old of this.#packages.splice(0, this.#packages.length - PACKAGES_MAX)) mls.eraseKeyPackage(old)
    return made.message
  }

  // ---- Coming in ----

  async found(): Promise<void> {
    const { self, links, moderation } = this.#around
    const group = await mls.create(profile.newGroupId(self.room.room), await mls.keyPackage(self.identity, self.signer))
    const roster = await profile.checkJoined(group, self.room, self.person)
    links.present = await links.newest(moderation.policy)
    await this.#enterAnew(group, roster)
  }

  async welcome(epoch: number, welcome: Uint8Array): Promise<void> {
    // Everybody gets every Welcome of a commit at most once; one that is for no
    // KeyPackage of ours cannot be meant for us.
    if (this.#packages.length === 0) return
    const { self, links, moderation } = this.#around
    try {
      if (welcome.length > profile.WELCOME_MAX) throw new mls.MlsError("malformed", "a welcome within the limit")
      const known = await links.psks(moderation.policy)
      const psks = known.map((k) => k.psk)
      const { group, psk, inviter } = await mls.join(welcome, this.#packages, psks)
      if (mls.epoch(group) !== BigInt(epoch)) throw new mls.MlsError("epoch", "a welcome for this epoch")
      const roster = await profile.checkJoined(group, self.room, self.person)
      await this.#checkInviter(roster.get(inviter))
      const generation = known[psks.indexOf(psk)]?.number ?? 0
      await this.#enterAnew(group, roster, generation)
    } catch (e) {
      if (!(e instanceof mls.MlsError)) throw e
      // A member in good standing is not driven out by a bad Welcome.
      if (this.#present === null || this.#lostAt !== null) await this.#resync()
    }
  }

  /**
   * A Welcome brings no admissions along: whoever is already in the group is
   * the word of the member who invites. It must not be barred; and whoever has
   * been in the group, and follows rules that let nobody in unseen, takes that
   * word only from people of that group, or those for whom a moderator spoke.
   */
  async #checkInviter(inviter: profile.Seat | undefined): Promise<void> {
    const { moderation } = this.#around
    if (inviter === undefined || (await moderation.barred(inviter.signatureKey)))
      throw new mls.MlsError("profile", "an invitation by somebody who is not barred")
    const { lobby, locked } = moderation.policy
    const { person, signatureKey } = inviter
    if (this.#known.size === 0 || !(lobby || locked) || this.#known.has(toHex(signatureKey))) return
    if (await moderation.vouched(person, signatureKey)) return
    this.#strangers++
    if (this.#strangers >= STRANGERS_MAX) this.#around.fault()
    throw new mls.MlsError("profile", "an invitation by somebody known")
  }

  // ---- Commits ----

  async nominate(asked: Nominate): Promise<void> {
    const present = this.#able(asked.epoch)
    // Without a commit somebody else is asked after the deadline.
    if (present !== null) this.#offer(await draft(this.#around, present, asked))
  }

  /** Offers the commit that begins the link generation which the rules want, if there is one. */
  async rotate(): Promise<void> {
    const present = this.#able(this.epoch)
    if (present !== null) this.#offer(await rotation(this.#around, present))
  }

  /** The present epoch, if this person can commit in it. */
  #able(epoch: number): Present | null {
    const able = this.#lostAt === null && epoch === this.epoch && this.#pending.length < PENDING_MAX
    return able ? this.#present : null
  }

  #offer(draft: Draft | null): void {
    if (draft === null) return
    const { made, adds, removes } = draft
    this.#pending.push(made)
    const welcome = made.welcome === undefined ? {} : { welcome: made.welcome }
    this.#around.tell({ on: "commit", epoch: this.epoch, commit: made.commit, ...welcome, adds, removes })
  }

  async committed(epoch: number, commit: Uint8Array): Promise<void> {
    const present = this.#present
    if (present === null || epoch < this.epoch) return // not in yet, or known already
    try {
      if (epoch > this.epoch) throw new mls.MlsError("epoch", "the next commit")
      if (commit.length > profile.COMMIT_MAX) throw new mls.MlsError("malformed", "a commit within the limit")
      const incoming = mls.readCommit(commit)
      // One's own too: the rules may have changed while it was on its way, and the others judge it by the new ones.
      const judged = await check(this.#around, present, incoming)
      const mine = this.#pending.find((p) => equal(p.commit, commit))
      const next = mine?.next ?? (await mls.process(present.group, incoming, judged.psk))
      if (next === null) return await this.#removed()
      await this.#enter(next, judged, mine !== undefined)
    } catch (e) {
      if (!(e instanceof mls.MlsError)) throw e
      await this.#resyncOnce()
    }
  }

  /** The server answers commits in the order in which they were offered: another one may still win. */
  rejected(epoch: number): void {
    const first = epoch === this.epoch ? this.#pending.shift() : undefined
    if (first !== undefined) mls.erase(first.next, this.#present?.group)
  }

  /** This person's leaf is gone: nothing may be sealed for the group any more. A Welcome may follow. */
  async #removed(): Promise<void> {
    this.#forgetGroup()
    await this.#resyncOnce()
  }

  /** Asks for a resync unless that was done a moment ago. */
  async #resyncOnce(): Promise<void> {
    if (this.#lostAt === null || this.#around.now() - this.#lostAt >= RESYNC_MS) await this.#resync()
  }

  async #resync(): Promise<void> {
    const { epoch } = this
    this.#lostAt = this.#around.now()
    this.#dropPending()
    this.#around.tell({ on: "resync", epoch, keyPackage: await this.keyPackage() })
  }

  // ---- Epochs ----

  /** Goes on to the next epoch of the group. */
  async #enter(group: mls.Group, { added, removed, kicks, generation }: Judged, mine: boolean): Promise<void> {
    const { links, self } = this.#around
    const before = this.#present
    const roster = await profile.rosterOf(group, self.room, before?.roster)
    this.#present = { group, roster }
    this.#lostAt = null
    if (generation !== null) {
      await links.learn(generation)
      links.present = generation.number
    }
    if (before !== null) mls.erase(before.group, group)
    this.#dropPending()
    const invited = mine ? added.map((s) => s.person) : []
    await this.#announce(this.#present, { added: added.map((s) => s.id), removed, kicks, invited })
  }

  /** Enters a group by founding or by a Welcome: nothing before it counts any more. */
  async #enterAnew(group: mls.Group, roster: profile.Roster, generation = this.#around.links.present): Promise<void> {
    const before = this.#present
    const sameGroup = before !== null && equal(mls.groupId(before.group), mls.groupId(group))
    // No group goes back: the media worker would rightly keep to the later keys, which others than these members may have.
    if (sameGroup && mls.epoch(group) <= mls.epoch(before.group)) throw new mls.MlsError("epoch", "a later epoch of this group")
    if (!sameGroup) this.#around.keys({ epoch: -1 })
    const gone = Array.from(before?.roster.values() ?? []).filter(
      (s) => !equal(roster.get(s.leaf)?.signatureKey ?? new Uint8Array(), s.signatureKey),
    )
    this.#leave()
    this.#lostAt = null
    for (const used of this.#packages.splice(0)) mls.eraseKeyPackage(used, group)
    this.#present = { group, roster }
    this.#around.links.present = generation
    const added = [roster.get(mls.ownLeaf(group))?.id ?? ""]
    await this.#announce(this.#present, { added, removed: sameGroup ? gone.map((s) => s.leaf) : [], kicks: [], invited: [] })
  }

  /** Gives the epoch's keys to the media worker; what else follows is the caller's. */
  async #announce({ group, roster }: Present, what: Pick<Entered, "added" | "removed" | "kicks" | "invited">): Promise<void> {
    this.#known = new Set(Array.from(roster.values(), (s) => toHex(s.signatureKey)))
    this.#strangers = 0
    const { epoch } = this
    const leaf = mls.ownLeaf(group)
    const raw = await mls.exporter(group, BASE_KEY_LABEL, new Uint8Array(), BASE_KEY_SIZE)
    const baseKey = await importBaseKey(raw)
    raw.fill(0)
    const members = await Promise.all(Array.from(roster.values(), (s) => member(s, leaf)))
    if (this.#present?.group !== group) return // forgotten meanwhile
    this.#around.keys({ epoch, baseKey, leaf, members: [...roster.keys()], removed: what.removed })
    await this.#around.entered({ ...what, members, talk: { groupId: mls.groupId(group), epoch, baseKey, roster, leaf } })
  }

  /** The safety code. It takes long and touches no state, so the next messages need not wait for it. */
  code(): void {
    if (this.#present === null) return
    const { group } = this.#present
    const { epoch } = this
    safetyCode(concat(mls.authenticator(group)), mls.groupId(group)).then(
      (code) => {
        if (this.#present?.group === group) this.#around.tell({ on: "code", epoch, ...code }) // else it is out of date
      },
      () => this.#around.fault(),
    )
  }

  // ---- Forgetting ----

  disband(): void {
    this.#lostAt = null
    this.#forgetGroup()
  }

  /** Both workers forget the group's keys. */
  #forgetGroup(): void {
    this.#leave()
    this.#around.left()
    this.#around.keys({ epoch: -1 })
  }

  #dropPending(): void {
    for (const { next } of this.#pending.splice(0)) if (next !== this.#present?.group) mls.erase(next, this.#present?.group)
  }

  /** Forgets the group and keeps the link, the person and the KeyPackages given out. */
  #leave(): void {
    this.#dropPending()
    if (this.#present !== null) mls.erase(this.#present.group)
    this.#present = null
  }

  /** Erases all keys of the group and of KeyPackages. */
  erase(): void {
    this.#leave()
    this.#known = new Set()
    for (const given of this.#packages.splice(0)) mls.eraseKeyPackage(given)
  }
}

async function member(seat: profile.Seat, self: number): Promise<Member> {
  const { id, leaf, viewer, signatureKey } = seat
  return { person: id, leaf, self: leaf === self, viewer, emoji: await leafEmoji(signatureKey), key: toHex(signatureKey) }
}
