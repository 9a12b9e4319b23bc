/**
 * The group worker's state machine: messages of port.ts in, messages out, one
 * after the other. It needs no Worker: group.worker.ts gives it one.
 *
 * It fails closed. What cannot be verified changes nothing; when the group
 * cannot be followed the page is told to "resync", and when the worker is of no
 * use any more, "fault". Neither says anything about the input.
 */

import { type Bytes, concat, equal, own, toHex } from "./bytes.ts"
import { Talk } from "./group-data.ts"
import { deriveModerator, deriveRoom, type ModeratorKeys, proveJoin, proveModerator, type RoomKeys } from "./link.ts"
import * as mls from "./mls.ts"
import type { FromGroup, Keys, Link, Member, PersonId, ToGroup } from "./port.ts"
import * as profile from "./profile.ts"
import { leafEmoji, safetyCode } from "./safety.ts"
import { importBaseKey } from "./sframe.ts"

const PERSON_SIZE = 16
const NONCE_SIZE = 32
const BASE_KEY_LABEL = "SFrame 1.0 Base Key" // RFC 9605, section 5.2
const BASE_KEY_SIZE = 32
const PACKAGES_MAX = 4 // KeyPackages given out and not yet used; older ones are erased
const RESYNC_MS = 10_000 // before a resync is asked for again: the first may be under way, or lost
const PENDING_MAX = 4 // commits of ours on their way for one epoch

/** What the state machine needs of the world around it. */
export interface World {
  readonly tell: (message: FromGroup) => void
  /** To the media worker. */
  readonly keys: (keys: Keys) => void
  /** Any steady clock, in ms. */
  readonly now: () => number
  /** Calls back once after `ms`. */
  readonly after: (ms: number, call: () => void) => void
}

/** What is chosen and derived when the link is opened, and lasts for the stay. */
interface Stay {
  readonly room: RoomKeys
  readonly moderator: ModeratorKeys | null
  readonly person: Bytes
  readonly signer: mls.Signer
  readonly identity: Bytes
  readonly talk: Talk
}

interface Pending {
  readonly made: mls.Pending
  readonly added: readonly PersonId[]
  readonly removed: readonly number[]
}

/** The present epoch. */
interface Present {
  readonly group: mls.Group
  readonly roster: profile.Roster
}

/** Derives a stay from a link, with a fresh person id and signature key. */
async function open(link: Link, now: () => number): Promise<Stay> {
  const room = await deriveRoom(link)
  const moderator = link.moderator === undefined ? null : await deriveModerator(link.moderator)
  const person = crypto.getRandomValues(new Uint8Array(PERSON_SIZE))
  const signer = await mls.signer()
  const key = await crypto.subtle.importKey("pkcs8", own(signer.privateKey), "Ed25519", false, ["sign"])
  const sign = async (input: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input))
  const speaker = { person, signatureKey: signer.publicKey, sign, moderators: room.moderators, moderator }
  const identity = await profile.identityOf(room.leafMac, person, signer.publicKey)
  return { room, moderator, person, signer, identity, talk: new Talk(speaker, now) }
}

/** One person's stay in one room, as far as keys are concerned. */
export class GroupMachine {
  readonly #world: World
  #tail: Promise<void> = Promise.resolve()
  #over = false
  #stay: Stay | null = null
  #packages: mls.Own[] = [] // oldest first
  #present: Present | null = null
  #pending: Pending[] = []
  #expiring = false // a timer watches over the last epoch's data keys
  /** When a resync was last asked for (ms); null while the group can be followed. */
  #lostAt: number | null = null

  constructor(world: World) {
    this.#world = world
  }

  /** Takes a message; those before it are done first. The promise is for tests and never rejects. */
  take(message: ToGroup): Promise<void> {
    if (message.do === "forget") this.#over = true // also stops what is still waiting
    this.#tail = this.#tail.then(() => this.#step(message)).catch(() => this.#fault("the group worker failed"))
    return this.#tail
  }

  #tell(message: FromGroup): void {
    if (!this.#over) this.#world.tell(message)
  }

  #fault(why: string): void {
    this.#tell({ on: "fault", why })
    this.#over = true
    this.#erase()
  }

  async #step(message: ToGroup): Promise<void> {
    if (message.do === "forget") return this.#erase()
    if (this.#over) return
    if (message.do === "open") return this.#open(message.link)
    const stay = this.#stay
    if (stay === null) return this.#fault("the link must be opened first")
    switch (message.do) {
      case "prove":
        return this.#prove(stay, message.nonce)
      case "key-package":
        return this.#tell({ on: "key-package", epoch: this.#epoch(), keyPackage: await this.#keyPackage(stay) })
      case "found":
        return this.#found(stay)
      case "nominate":
        return this.#nominate(stay, message)
      case "committed":
        return this.#committed(stay, message.epoch, message.commit)
      case "rejected":
        if (message.epoch === this.#epoch()) this.#dropRejected()
        return
      case "welcome":
        return this.#welcome(stay, message.epoch, message.welcome)
      case "disband":
        return this.#disband(stay)
      case "say": {
        const body = await stay.talk.say(message.message, message.to)
        if (body !== null) this.#tell({ on: "data", body, ...(message.to === undefined ? {} : { to: message.to }) })
        return
      }
      case "hear": {
        const heard = await stay.talk.hear(own(message.from), own(message.body))
        if (heard !== null) this.#tell(heard)
        return
      }
      case "code":
        return this.#code()
    }
  }

  #epoch(): number {
    return this.#present === null ? 0 : Number(mls.epoch(this.#present.group))
  }

  async #open(link: Link): Promise<void> {
    if (this.#stay !== null) return this.#fault("a link is already open")
    try {
      this.#stay = await open(link, this.#world.now)
    } catch {
      this.#fault("this browser lacks cryptography that is needed")
    }
  }

  async #prove(stay: Stay, nonce: Uint8Array): Promise<void> {
    if (nonce.length !== NONCE_SIZE) return this.#fault("a nonce of 32 bytes wanted")
    const { room, moderator, person } = stay
    const proof = {
      room: room.room,
      moderators: room.moderators,
      joinKey: room.join.publicKey,
      joinSignature: await proveJoin(room.join.privateKey, nonce, room.room, person),
      person,
      keyPackage: await this.#keyPackage(stay),
    }
    if (moderator === null) return this.#tell({ on: "proof", proof })
    const { signature, kem } = moderator
    const signed = await proveModerator(signature.privateKey, nonce, room.room, person)
    this.#tell({
      on: "proof",
      proof: { ...proof, moderator: { signatureKey: signature.publicKey, kemKey: kem.publicKey, signature: signed } },
    })
  }

  async #keyPackage(stay: Stay): Promise<Uint8Array> {
    const made = await mls.keyPackage(stay.identity, stay.signer)
    this.#packages.push(made)
    for (const old of this.#packages.splice(0, this.#packages.length - PACKAGES_MAX)) mls.eraseKeyPackage(old)
    return made.message
  }

  // ---- Changing the group ----

  async #found(stay: Stay): Promise<void> {
    const group = await mls.create(profile.newGroupId(stay.room.room), await mls.keyPackage(stay.identity, stay.signer))
    await this.#enterAnew(stay, group, await profile.checkJoined(group, stay.room, stay.person))
  }

  async #welcome(stay: Stay, epoch: number, welcome: Uint8Array): Promise<void> {
    // Everybody gets every Welcome of a commit at most once; one that is for no
    // KeyPackage of ours cannot be meant for us.
    if (this.#packages.length === 0) return
    try {
      if (welcome.length > profile.WELCOME_MAX) throw new mls.MlsError("malformed", "a welcome within the limit")
      const group = await mls.join(welcome, this.#packages, profile.pskOf(stay.room))
      if (mls.epoch(group) !== BigInt(epoch)) throw new mls.MlsError("epoch", "a welcome for this epoch")
      await this.#enterAnew(stay, group, await profile.checkJoined(group, stay.room, stay.person))
    } catch (e) {
      if (!(e instanceof mls.MlsError)) throw e
      // A member in good standing is not driven out by a bad Welcome.
      if (this.#present === null || this.#lostAt !== null) await this.#resync(stay)
    }
  }

  async #nominate(stay: Stay, { epoch, adds, removes }: Extract<ToGroup, { do: "nominate" }>): Promise<void> {
    const present = this.#present
    if (present === null || this.#lostAt !== null || epoch !== this.#epoch() || this.#pending.length >= PENDING_MAX) return
    const seats = Array.from(present.roster.values())
    const leaving = seats.filter((s) => removes.some((r) => equal(r, s.person)) && !equal(s.person, stay.person))
    const staying = seats.filter((s) => !leaving.includes(s))
    const coming = await admissible(adds.slice(0, profile.ADDS_MAX), staying, stay.room)
    const reason = leaving.length + coming.length > 0 ? profile.CHANGE : profile.REFRESH
    const removed = leaving.map((s) => s.leaf)
    // Who is to be removed and added, and has no leaf, is as good as removed.
    const absent = coming.filter((c) => removes.some((r) => equal(r, c.person)) && !leaving.some((s) => equal(s.person, c.person)))
    const change = { adds: coming.map((c) => c.candidate), removes: removed, psk: profile.pskOf(stay.room) }
    try {
      const made = await mls.commit(present.group, { ...change, authenticatedData: profile.authenticate(reason) })
      if (made.commit.length > profile.COMMIT_MAX || (made.welcome?.length ?? 0) > profile.WELCOME_MAX)
        return mls.erase(made.next, present.group)
      const allowed = await profile.checkCommit(mls.readCommit(made.commit), present.group, present.roster, stay.room)
      this.#pending.push({ made, ...allowed })
      this.#tell({
        on: "commit",
        epoch,
        commit: made.commit,
        ...(made.welcome === undefined ? {} : { welcome: made.welcome }),
        adds: coming.map((c) => c.person),
        removes: [...leaving, ...absent].map((s) => s.person),
      })
    } catch (e) {
      if (!(e instanceof mls.MlsError)) throw e
      // Nothing can be committed for these changes: somebody else is asked after the deadline.
    }
  }

  async #committed(stay: Stay, epoch: number, commit: Uint8Array): Promise<void> {
    const present = this.#present
    if (present === null || epoch < this.#epoch()) return // not in yet, or known already
    try {
      if (epoch > this.#epoch()) throw new mls.MlsError("epoch", "the next commit")
      const mine = this.#pending.find((p) => equal(p.made.commit, commit))
      if (mine !== undefined) return await this.#enter(stay, mine.made.next, mine.added, mine.removed)
      if (commit.length > profile.COMMIT_MAX) throw new mls.MlsError("malformed", "a commit within the limit")
      const incoming = mls.readCommit(commit)
      const allowed = await profile.checkCommit(incoming, present.group, present.roster, stay.room)
      const next = await mls.process(present.group, incoming, profile.pskOf(stay.room))
      if (next === null) return await this.#removed(stay)
      await this.#enter(stay, next, allowed.added, allowed.removed)
    } catch (e) {
      if (!(e instanceof mls.MlsError)) throw e
      await this.#resyncOnce(stay)
    }
  }

  /** This person's leaf is gone: nothing may be sealed for the group any more. A Welcome may follow. */
  async #removed(stay: Stay): Promise<void> {
    this.#forgetGroup(stay)
    await this.#resyncOnce(stay)
  }

  /** Asks for a resync unless that was done a moment ago. */
  async #resyncOnce(stay: Stay): Promise<void> {
    if (this.#lostAt === null || this.#world.now() - this.#lostAt >= RESYNC_MS) await this.#resync(stay)
  }

  async #resync(stay: Stay): Promise<void> {
    const epoch = this.#epoch()
    this.#lostAt = this.#world.now()
    this.#dropPending()
    this.#tell({ on: "resync", epoch, keyPackage: await this.#keyPackage(stay) })
  }

  // ---- Epochs ----

  /** Goes on to the next epoch of the group. */
  async #enter(stay: Stay, group: mls.Group, added: readonly PersonId[], removed: readonly number[]): Promise<void> {
    const before = this.#present
    const roster = await profile.rosterOf(group, stay.room, before?.roster)
    this.#present = { group, roster }
    this.#lostAt = null
    if (before !== null) mls.erase(before.group, group)
    this.#dropPending()
    await this.#announce(stay, this.#present, added, removed)
  }

  /** Enters a group by founding or by a Welcome: nothing before it counts any more. */
  async #enterAnew(stay: Stay, group: mls.Group, roster: profile.Roster): Promise<void> {
    const before = this.#present
    const sameGroup = before !== null && equal(mls.groupId(before.group), mls.groupId(group))
    // No group goes back: the media worker would rightly keep to the later keys, which others than these members may have.
    if (sameGroup && mls.epoch(group) <= mls.epoch(before.group)) throw new mls.MlsError("epoch", "a later epoch of this group")
    if (!sameGroup) this.#world.keys({ epoch: -1 })
    const gone = Array.from(before?.roster.values() ?? []).filter(
      (s) => !equal(roster.get(s.leaf)?.signatureKey ?? new Uint8Array(), s.signatureKey),
    )
    this.#leave()
    this.#lostAt = null
    for (const used of this.#packages.splice(0)) mls.eraseKeyPackage(used, group)
    this.#present = { group, roster }
    await this.#announce(stay, this.#present, [roster.get(mls.ownLeaf(group))?.id ?? ""], sameGroup ? gone.map((s) => s.leaf) : [])
  }

  /** Gives the epoch's keys to the media worker and its members to the page. */
  async #announce(stay: Stay, { group, roster }: Present, added: readonly PersonId[], removed: readonly number[]): Promise<void> {
    const epoch = Number(mls.epoch(group))
    const leaf = mls.ownLeaf(group)
    const raw = await mls.exporter(group, BASE_KEY_LABEL, new Uint8Array(), BASE_KEY_SIZE)
    const baseKey = await importBaseKey(raw)
    raw.fill(0)
    const members = await Promise.all(Array.from(roster.values(), (s) => member(s, leaf)))
    if (this.#over) return
    this.#world.keys({ epoch, baseKey, leaf, members: [...roster.keys()], removed })
    const held = await stay.talk.enter({ groupId: mls.groupId(group), epoch, baseKey, roster, leaf }, removed)
    this.#expire(stay)
    this.#tell({ on: "epoch", epoch, members, added })
    for (const message of held) this.#tell(message)
  }

  /** Sees to it that the last epoch's data keys go when their time is over, also when nothing is said. */
  #expire(stay: Stay): void {
    const left = stay.talk.expire()
    if (left === null || this.#expiring) return
    this.#expiring = true
    this.#world.after(left + 1, () => {
      this.#expiring = false
      this.#expire(stay)
    })
  }

  /** The safety code. It takes long and touches no state, so the next messages need not wait for it. */
  #code(): void {
    if (this.#present === null) return
    const { group } = this.#present
    const epoch = this.#epoch()
    safetyCode(concat(mls.authenticator(group)), mls.groupId(group)).then(
      (code) => {
        if (this.#present?.group === group) this.#tell({ on: "code", epoch, ...code }) // else it is out of date
      },
      () => this.#fault("the safety code failed"),
    )
  }

  // ---- Forgetting ----

  #disband(stay: Stay): void {
    this.#lostAt = null
    this.#forgetGroup(stay)
  }

  /** Both workers forget the group's keys. */
  #forgetGroup(stay: Stay): void {
    this.#leave()
    stay.talk.forget()
    this.#world.keys({ epoch: -1 })
  }

  /** The server answers commits in the order in which they were offered: another one may still win. */
  #dropRejected(): void {
    const first = this.#pending.shift()
    if (first !== undefined) mls.erase(first.made.next, this.#present?.group)
  }

  #dropPending(): void {
    for (const { made } of this.#pending.splice(0)) if (made.next !== this.#present?.group) mls.erase(made.next, this.#present?.group)
  }

  /** Forgets the group and keeps the link, the person and the KeyPackages given out. */
  #leave(): void {
    this.#dropPending()
    if (this.#present !== null) mls.erase(this.#present.group)
    this.#present = null
  }

  #erase(): void {
    this.#leave()
    for (const given of this.#packages.splice(0)) mls.eraseKeyPackage(given)
    this.#stay?.talk.forget()
    this.#stay?.signer.privateKey.fill(0)
    this.#stay?.room.psk.fill(0)
    this.#stay = null
    this.#world.keys({ epoch: -1 })
  }
}

async function member(seat: profile.Seat, self: number): Promise<Member> {
  const emoji = await leafEmoji(seat.signatureKey)
  return { person: seat.id, leaf: seat.leaf, self: seat.leaf === self, emoji, key: toHex(seat.signatureKey) }
}

interface Coming {
  readonly person: Uint8Array
  readonly candidate: mls.Candidate
}

/**
 * Those of `adds` whose KeyPackage is sound and their own, each once, and none
 * who would then be in the group twice. The others are left out in silence.
 */
async function admissible(
  adds: Extract<ToGroup, { do: "nominate" }>["adds"],
  staying: readonly profile.Seat[],
  room: RoomKeys,
): Promise<Coming[]> {
  const coming: Coming[] = []
  for (const { person, keyPackage } of adds) {
    const candidate = keyPackage.length > profile.KEY_PACKAGE_MAX ? null : await mls.readKeyPackage(keyPackage).catch(() => null)
    const owner = candidate === null ? null : await profile.personOf(candidate, room.leafMac)
    if (candidate === null || owner === null || !equal(owner, person)) continue
    const present = staying.some((s) => equal(s.person, person) || equal(s.signatureKey, candidate.signatureKey))
    const twice = coming.some((c) => equal(c.person, person) || equal(c.candidate.signatureKey, candidate.signatureKey))
    if (!present && !twice && coming.length + staying.length < profile.MEMBERS_MAX) coming.push({ person, candidate })
  }
  return coming
}
