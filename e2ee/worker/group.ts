/**
 * The group worker's state machine: messages of port.ts in, messages out, one
 * after the other. It needs no Worker: group.worker.ts gives it one.
 *
 * It fails closed. What cannot be verified changes nothing; when the group
 * cannot be followed the page is told to "resync", and when the worker is of no
 * use any more, "fault". Neither says anything about the input.
 */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { equal, own, toHex } from "./bytes.ts"
import { deedOf } from "./deeds.ts"
import { prove } from "./entry.ts"
import { Talk, type Told } from "./group-data.ts"
import { Links } from "./links.ts"
import { knock, Lobby } from "./lobby.ts"
import { type Entered, Members } from "./members.ts"
import { Moderation } from "./moderation.ts"
import { type Around, officeOf } from "./office.ts"
import { LATE_VERSION, Orders } from "./orders.ts"
import { GRANT_MS, OwnGrant, RENEW_MS } from "./own-grant.ts"
import type { FromGroup, Keys, Stay, ToGroup } from "./port.ts"
import { openSelf, stayOf } from "./self.ts"

const NONCE_SIZE = 32
const ROTATE_MS = 10_000 // before a link generation is begun for somebody else
const ROTATE_AGAIN_MS = 1000 // before one's own is tried again: the server may want a pause after the last commit

/** What the state machine needs of the world around it. */
interface World {
  readonly tell: (message: FromGroup) => void
  /** To the media worker. */
  readonly keys: (keys: Keys) => void
  /** Any steady clock, in ms. */
  readonly now: () => number
  /** The time of day, in ms since 1970. */
  readonly date: () => number
  /** Calls back once after `ms`. */
  readonly after: (ms: number, call: () => void) => void
}

/** One stay and everything that belongs to it. */
interface Parts extends Around {
  readonly orders: Orders
}

type Open = Extract<ToGroup, { do: "open" }>

/** One person's stay in one room: keys, rules and orders. */
export class GroupMachine {
  readonly #world: World
  #tail: Promise<void> = Promise.resolve()
  #over = false
  #parts: Parts | null = null
  #expiring = false // a timer watches over the last epoch's data keys
  /** The policy offered with Join: it holds when the server says that the room has none. */
  #offer: Signed | null = null
  #toldPolicy = "" // what the page was told last
  #toldGeneration = 0
  #due = { number: 0, since: 0 } // the one to begin, and since when (ms)

  constructor(world: World) {
    this.#world = world
  }

  /** Takes a message; those before it are done first. The promise is for tests and never rejects. */
  take(message: ToGroup): Promise<void> {
    if (message.do === "forget") this.#over = true // also stops what is still waiting
    return this.#queue(() => this.#step(message))
  }

  #queue(work: () => Promise<void> | void): Promise<void> {
    this.#tail = this.#tail.then(work).catch(() => this.#fault("the group worker failed"))
    return this.#tail
  }

  /** Does something later, in its turn. */
  #later(ms: number, work: (parts: Parts) => Promise<void>): void {
    this.#world.after(ms, () => {
      void this.#queue(async () => {
        if (!this.#over && this.#parts !== null) await work(this.#parts)
      })
    })
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
    if (message.do === "open") return this.#open(message)
    const parts = this.#parts
    if (parts === null) return this.#fault("the link must be opened first")
    switch (message.do) {
      case "passphrase":
        await parts.links.type(message.words)
        return
      case "prove":
        return this.#prove(parts, message.nonce)
      case "knock":
        return this.#knock(parts, message.name, message.grants)
      case "knocked":
      case "unknocked":
      case "order":
        return this.#moderate(parts, message)
      case "acted":
        return this.#acted(parts, message.signed)
      case "policy":
        return this.#policy(parts, message.signed)
      case "say": {
        const body = await parts.talk.say(message.message, message.to)
        if (body !== null) this.#tell({ on: "data", body, ...(message.to === undefined ? {} : { to: message.to }) })
        return
      }
      case "hear": {
        const told = await parts.talk.hear(own(message.from), own(message.body))
        return told === null ? undefined : this.#told(parts, told)
      }
      default:
        return this.#group(parts, message)
    }
  }

  /** Messages about the group alone. */
  async #group({ members }: Parts, message: ToGroup): Promise<void> {
    switch (message.do) {
      case "key-package":
        return this.#tell({ on: "key-package", epoch: members.epoch, keyPackage: await members.keyPackage() })
      case "found":
        return members.found()
      case "nominate":
        return members.nominate(message.nominate)
      case "committed":
        return members.committed(message.epoch, message.commit)
      case "rejected":
        return members.rejected(message.epoch)
      case "welcome":
        return members.welcome(message.epoch, message.welcome)
      case "disband":
        return members.disband()
      case "code":
        return members.code()
    }
  }

  // ---- Coming in ----

  async #open(message: Open): Promise<void> {
    if (this.#parts !== null) return this.#fault("a link is already open")
    try {
      this.#parts = await this.#assemble(message)
    } catch {
      return this.#fault("a link, and a browser with the cryptography for it, wanted")
    }
    const { self, grant } = this.#parts
    this.#toldGeneration = message.link.generation?.number ?? 0
    if (self.holder !== null) this.#renewGrant()
    await grant.current()
    this.#tell({ on: "opened", person: self.id, stay: await this.#stay(this.#parts), holder: self.holder !== null })
  }

  async #assemble({ link, stay, device }: Open): Promise<Parts> {
    const self = await openSelf(link, stay, device)
    const { now, date } = this.#world
    const moderation = new Moderation(self.room, date)
    const grant = new OwnGrant(self, moderation, date)
    if (stay?.policy !== undefined) await moderation.learn(stay.policy)
    if (stay?.grant !== undefined) await grant.take(stay.grant)
    const lobby = new Lobby(self)
    const links = await Links.of(self.room, link, stay?.passphrase)
    const talk = new Talk({ self, moderation, grant: () => grant.current(), now })
    const members: Members = new Members({
      self,
      links,
      moderation,
      tell: (m) => this.#tell(m),
      keys: (k) => {
        if (!this.#over) this.#world.keys(k)
      },
      now,
      date,
      entered: (epoch) => this.#entered(epoch),
      left: () => talk.forget(),
      fault: () => this.#fault("the group failed"),
    })
    const parts = { self, links, moderation, grant, lobby, talk, members }
    const world = { tell: (m: FromGroup) => this.#tell(m), date, after: (ms: number, call: () => Promise<void>) => this.#later(ms, call) }
    return { ...parts, orders: new Orders(officeOf(parts, world), self.firstNumber) }
  }

  async #stay({ self, links, moderation, grant }: Parts): Promise<Stay> {
    const appointed = self.holder === null ? await grant.current() : null
    const passphrase = links.typed
    return {
      ...stayOf(self),
      ...(appointed === null ? {} : { grant: appointed.raw }),
      ...(moderation.signed === null ? {} : { policy: moderation.signed }),
      ...(passphrase === null ? {} : { passphrase }),
    }
  }

  async #prove(parts: Parts, nonce: Uint8Array): Promise<void> {
    if (nonce.length !== NONCE_SIZE) return this.#fault("a nonce of 32 bytes wanted")
    const { self, links, moderation, grant, members, orders } = parts
    const { policy } = moderation
    this.#offer = null
    // A version beyond all changes is somebody's who was appointed: under a holder's name nobody could ever follow it.
    const sound = policy.version < LATE_VERSION || moderation.author?.holder === true
    if (self.holder !== null && sound && (policy.version > 0 || self.rules !== null)) {
      // What is known already is signed anew: its author's grant may have run out, and only a holder's counts here.
      this.#offer = await orders.compose(policy.version > 0 ? policy : { t: "policy", seq: 0, ...(self.rules?.policy ?? policy) })
    }
    const entry = { nonce, keyPackage: await members.keyPackage(), links, policy, grant: await grant.current(), offer: this.#offer }
    this.#tell({ on: "proof", proof: await prove(self, entry) })
  }

  async #knock({ self, moderation }: Parts, name: string, grants: readonly Uint8Array[]): Promise<void> {
    const boxes = await knock(self, moderation, grants, name)
    if (boxes.length > 0) this.#tell({ on: "knock", boxes })
  }

  // ---- Rules and orders ----

  async #policy(parts: Parts, signed: Signed | null): Promise<void> {
    const { moderation, orders } = parts
    const policy = signed ?? this.#offer
    if (policy !== null) await moderation.learn(policy)
    await this.#tellPolicy(parts)
    await orders.resend(moderation.signed)
    await this.#rotate(parts)
  }

  /** Other rules hold, by whichever way they came. */
  async #ruled(parts: Parts, signed: Signed): Promise<void> {
    await this.#tellPolicy(parts)
    await parts.orders.ruled(signed)
    await this.#rotate(parts)
  }

  async #tellPolicy(parts: Parts): Promise<void> {
    const { moderation, grant } = parts
    const own = await grant.current()
    const [stay, moderator] = [await this.#stay(parts), own !== null]
    const told = JSON.stringify([moderation.policy.version, stay.policy?.signature.join(), moderator, stay.grant?.join()])
    if (told === this.#toldPolicy) return
    this.#toldPolicy = told
    this.#tell({ on: "policy", policy: moderation.policy, moderator, stay })
  }

  /** Messages that only moderators act on. */
  async #moderate(parts: Parts, message: Extract<ToGroup, { do: "knocked" | "unknocked" | "order" }>): Promise<void> {
    const { grant, lobby, orders } = parts
    if (message.do === "unknocked") return lobby.leave(toHex(message.person))
    const own = await grant.current()
    if (own === null) return
    if (message.do === "order") return orders.give(message.order)
    const knocker = await lobby.take(message.knocked, own)
    if (knocker !== null) this.#tell({ on: "knocked", knocker })
  }

  async #acted(parts: Parts, signed: Signed): Promise<void> {
    const { self, moderation, grant, members, orders } = parts
    const taken = await moderation.take(signed)
    if (taken === null) return
    orders.heard(signed)
    const deed = await deedOf(taken, self, moderation)
    const by = members.roster.find((s) => equal(s.signatureKey, taken.grant.key))?.id ?? ""
    if (deed !== null) this.#tell({ on: "acted", by, deed })
    if (taken.statement.t === "policy") await this.#ruled(parts, signed)
    if (taken.statement.t === "appoint" && (await grant.take(taken.statement.grant))) await this.#tellPolicy(parts)
    if (taken.statement.t === "remove") await this.#rotate(parts)
  }

  /** A holder's grant is made anew before it ends, and with it the rules that were signed under it. */
  #renewGrant(): void {
    this.#later(GRANT_MS - RENEW_MS + 1, async ({ self, moderation, grant, orders }) => {
      this.#renewGrant()
      const { author } = moderation
      const mine = author !== null && equal(author.key, self.signer.publicKey)
      if ((await grant.current()) !== null && mine) await orders.sign()
    })
  }

  // ---- Epochs ----

  async #entered({ talk: epoch, removed, members, added, invited, kicks }: Entered): Promise<void> {
    const parts = this.#parts
    if (parts === null) return
    const { talk, links, moderation } = parts
    const held = await talk.enter(epoch, removed)
    this.#expire(talk)
    for (const kick of kicks) await this.#acted(parts, kick)
    await this.#tellPolicy(parts)
    await this.#tellGeneration(links)
    this.#tell({ on: "epoch", epoch: epoch.epoch, members, added })
    for (const told of held) await this.#told(parts, told)
    const { signed } = moderation
    for (const to of signed === null ? [] : invited) {
      const body = signed && (await talk.sayRules(signed, to))
      if (body !== null) this.#tell({ on: "data", to, body })
    }
    await this.#rotate(parts)
  }

  async #told(parts: Parts, told: Told): Promise<void> {
    if (told.on === "heard") return this.#tell(told)
    if (await parts.moderation.learn(told.signed)) await this.#ruled(parts, told.signed)
  }

  async #tellGeneration(links: Links): Promise<void> {
    const { present } = links
    const generation = present > this.#toldGeneration ? await links.generation(present) : null
    if (generation === null) return
    this.#toldGeneration = present
    this.#tell({ on: "generation", number: present, secret: generation.secret })
  }

  /** Sees to it that the last epoch's data keys go when their time is over, also when nothing is said. */
  #expire(talk: Talk): void {
    const left = talk.expire()
    if (left === null || this.#expiring) return
    this.#expiring = true
    this.#world.after(left + 1, () => {
      this.#expiring = false
      this.#expire(talk)
    })
  }

  /**
   * Begins the link generation that the rules want, once nobody is in who is
   * to go: at once if this person asked for it, else when the other one has
   * had time to. Tried again in every epoch until it is in force.
   */
  async #rotate({ links, moderation, members, orders }: Parts): Promise<void> {
    const due = await links.due(moderation.policy)
    if (due === null) return
    if (this.#due.number !== due.number) {
      this.#due = { number: due.number, since: this.#world.now() }
      this.#watchRotation(orders.renewed === due.number ? ROTATE_AGAIN_MS : ROTATE_MS)
    }
    if (orders.renewed !== due.number && this.#world.now() - this.#due.since < ROTATE_MS) return
    const going = orders.removing() || members.roster.some((s) => moderation.removal(s.id) !== undefined)
    if (!going) await members.rotate()
  }

  #watchRotation(after: number): void {
    this.#later(after, async (parts) => {
      const due = await parts.links.due(parts.moderation.policy)
      if (due === null) return
      this.#watchRotation(parts.orders.renewed === due.number ? ROTATE_AGAIN_MS : ROTATE_MS)
      await this.#rotate(parts)
    })
  }

  // ---- Forgetting ----

  #erase(): void {
    const parts = this.#parts
    this.#parts = null
    this.#offer = null
    if (parts !== null) {
      const { self, links, moderation, lobby, talk, members, orders } = parts
      members.erase()
      talk.forget()
      orders.forget()
      lobby.forget()
      moderation.forget()
      links.forget()
      self.signer.privateKey.fill(0)
    }
    this.#world.keys({ epoch: -1 })
  }
}
