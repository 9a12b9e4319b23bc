/**
 * A moderator's orders made into statements: numbered, signed, sent in order,
 * watched until they come back. Changes of the rules compete with those of
 * other moderators: what loses is made again on top of what won
 * (PROTOCOL.md, "Statements").
 */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import type { Admitted, Policy, Statement } from "../../client/src/wire/statements.gen.ts"
import { equal, fromHex } from "./bytes.ts"
import { mark } from "./grant.ts"
import { NOTE_MAX } from "./knock.ts"
import { sameSigned } from "./moderation.ts"
import * as rules from "./policy.ts"
import type { FromGroup, Order, PersonId } from "./port.ts"

const UNCONFIRMED_MS = 5000 // after which an order that has not come back is told
const TRIES_MAX = 5 // of a change that loses against others
const ADMIT_MS = 24 * 60 * 60 * 1000 // an admission lasts so long: whoever loses its state comes back by it
const PEOPLE_MAX = 64 // in one Admit
/** Versions from here on are none that changes lead to: somebody wanted to have the last word. */
export const LATE_VERSION = 2 ** 52

/** A statement without its number. */
type Unnumbered = Statement extends infer S ? (S extends Statement ? Omit<S, "seq"> : never) : never
type Of<Name extends Order["order"]> = Extract<Order, { order: Name }>

/** Somebody who knocked, or came with a knock this person has seen. */
export interface Known {
  readonly key: Uint8Array // signature key
  readonly kem: Uint8Array // for notes
  readonly viewer: boolean
  readonly ticketKey?: Uint8Array
}

/** What orders need of the worker around them. */
export interface Office {
  readonly tell: (message: FromGroup) => void
  readonly date: () => number // ms since 1970
  readonly after: (ms: number, call: () => Promise<void>) => void
  readonly policy: () => Policy
  /** Signs under this person's grant; null while it has none that holds. */
  readonly sign: (statement: Statement) => Promise<Signed | null>
  /** Somebody who waits. */
  readonly waiting: (person: PersonId) => Known | undefined
  /** Somebody who knocked some time. */
  readonly known: (person: PersonId) => Known | undefined
  /** Signature key of a member. */
  readonly member: (person: PersonId) => Uint8Array | undefined
  readonly members: () => readonly Uint8Array[] // person ids
  /** Null when nothing can be sealed to that key. */
  readonly sealNote: (to: Uint8Array, kem: Uint8Array, text: string) => Promise<Uint8Array | null>
  /** A grant for a member; null if this person cannot give it, or not to that one. */
  readonly grant: (person: PersonId) => Promise<Uint8Array | null>
  /** By what right a member moderates; null if it does not. */
  readonly standing: (person: PersonId) => Promise<"holder" | "appointed" | null>
  /** Whether this person has M. */
  readonly holder: boolean
  /** The link generation after the present one; null without M. */
  readonly nextLink: () => Promise<{ readonly number: number; readonly key: Uint8Array } | null>
}

/** An order under way. */
interface Task {
  readonly order: Order
  left: number // statements that have not come back
  readonly target?: { readonly person: PersonId; readonly key: Uint8Array } // whom it removes
}

/** A change of the rules that does not hold yet. */
interface Wish {
  readonly task: Task
  readonly change: rules.Change
  readonly anew: boolean // to be signed even if nothing changes
  readonly next?: () => Promise<void>
  tries: number
}

interface Act {
  readonly signed: Signed
  readonly task: Task
}

const gains = (before: readonly Uint8Array[], next: readonly Uint8Array[]): boolean =>
  next.some((mark) => !before.some((b) => equal(b, mark)))

/**
 * The version of what comes after `before`. Whoever was appointed can, with a
 * server that lies, show versions up to the last there is; a holder's policy
 * that withdraws it holds all the same, and leaves room for those to come.
 */
export function versionAfter(before: Policy, next: Policy, date: number): number {
  if (before.version < LATE_VERSION) return before.version + 1
  const withdraws = gains(before.barred, next.barred) || gains(before.dismissed, next.dismissed)
  return withdraws ? LATE_VERSION + date : Math.min(before.version + 1, Number.MAX_SAFE_INTEGER)
}

/** The orders of one stay. Calls must not overlap. */
export class Orders {
  readonly #office: Office
  #seq: number
  #wishes: Wish[] = [] // not sent
  #offered: { readonly signed: Signed; readonly wishes: readonly Wish[] } | null = null
  #acts: Act[] = [] // sent, not back, in order
  #removals: Task[] = []
  #renewed = 0

  /** Numbers begin after `seq`. */
  constructor(office: Office, seq: number) {
    this.#office = office
    this.#seq = seq
  }

  /** Gives an order. One that this person may not give, or that concerns nobody, has no effect. */
  async give(order: Order): Promise<void> {
    switch (order.order) {
      case "admit":
        return this.#admit(order)
      case "deny":
        return this.#deny(order)
      case "note":
        return this.#note(order)
      case "remove":
      case "ban":
      case "lobby":
        return this.#remove(order)
      case "stop":
        return this.#stop(order)
      case "appoint":
        return this.#appoint(order)
      case "dismiss":
        return this.#dismiss(order)
      case "end":
        return this.#say({ t: "end" }, this.#task(order))
      case "rules":
        return this.#wish(this.#task(order), rules.ruled(order.change))
      case "speech":
        return this.#speech(order)
      case "revoke":
        return this.#wish(this.#task(order), rules.revoking(await mark(order.ticketKey)))
      case "renew":
        return this.#renew(this.#task(order))
    }
  }

  // ---- Each order ----

  async #admit(order: Of<"admit">): Promise<void> {
    const people = order.people.flatMap((id): Admitted[] => {
      const [person, known] = [fromHex(id), this.#office.waiting(id)]
      return person === null || known === undefined ? [] : [{ person, key: known.key, viewer: known.viewer }]
    })
    const task = this.#task(order)
    const until = this.#office.date() + ADMIT_MS
    for (let i = 0; i < people.length; i += PEOPLE_MAX) {
      await this.#say({ t: "admit", until, people: people.slice(i, i + PEOPLE_MAX) }, task)
    }
  }

  async #deny(order: Of<"deny">): Promise<void> {
    const person = fromHex(order.person)
    if (person === null || this.#office.waiting(order.person) === undefined) return
    await this.#say({ t: "deny", person }, this.#task(order))
  }

  async #note(order: Of<"note">): Promise<void> {
    const [person, known] = [fromHex(order.person), this.#office.waiting(order.person)]
    const { length } = new TextEncoder().encode(order.text)
    if (person === null || known === undefined || length === 0 || length > NOTE_MAX) return
    const box = await this.#office.sealNote(person, known.kem, order.text)
    if (box !== null) await this.#say({ t: "note", person, box }, this.#task(order))
  }

  /** A Policy that bars the keys and turns the lobby on; once it holds, the Remove. */
  async #remove(order: Of<"remove"> | Of<"ban"> | Of<"lobby">): Promise<void> {
    const person = fromHex(order.person)
    // Nobody appointed puts out a holder of M: the server would take neither policy nor order.
    if (person === null || (!this.#office.holder && (await this.#office.standing(order.person)) === "holder")) return
    const [known, key] = [this.#office.known(order.person), this.#office.member(order.person)]
    const target = key ?? known?.key
    const task = this.#task(order, target === undefined ? {} : { target: { person: order.person, key: target } })
    const ban = order.order === "ban"
    const ticket = ban && known?.ticketKey !== undefined ? [known.ticketKey] : []
    const marks = await Promise.all([...(target === undefined ? [] : [target]), ...ticket].map(mark))
    this.#removals.push(task)
    await this.#wish(task, rules.barring(marks, ban), {
      next: async () => {
        await this.#say({ t: "remove", person, how: order.order }, task)
        if (ban && order.renew) await this.#renew(task)
      },
    })
  }

  async #stop(order: Of<"stop">): Promise<void> {
    const { source } = order
    const person = order.person === null ? undefined : fromHex(order.person)
    if (person === null) return
    await this.#say({ t: "stop", source, ...(person === undefined ? {} : { person }) }, this.#task(order))
  }

  async #appoint(order: Of<"appoint">): Promise<void> {
    const [grant, key] = [await this.#office.grant(order.person), this.#office.member(order.person)]
    if (grant === null || key === undefined) return
    const task = this.#task(order)
    await this.#wish(task, rules.pardoning(await mark(key)), { next: () => this.#say({ t: "appoint", grant }, task) })
  }

  async #dismiss(order: Of<"dismiss">): Promise<void> {
    const key = this.#office.member(order.person)
    if (key === undefined || (await this.#office.standing(order.person)) !== "appointed") return
    await this.#wish(this.#task(order), rules.dismissing(await mark(key)))
  }

  async #speech(order: Of<"speech">): Promise<void> {
    const person = fromHex(order.person)
    if (person === null) return
    await this.#wish(this.#task(order), rules.speaking(person, order.may, this.#office.members()))
  }

  async #renew(task: Task): Promise<void> {
    const next = await this.#office.nextLink()
    if (next !== null) this.#renewed = next.number
    if (next !== null) await this.#wish(task, rules.renewing(next.number, next.key))
  }

  /** Signs the rules anew as they are: newcomers refuse a policy whose grant has run out. */
  async sign(): Promise<void> {
    const task: Task = { order: { order: "rules", change: {} }, left: 0 }
    await this.#wish(task, (policy) => policy, { anew: true })
  }

  // ---- Statements ----

  /** Signs a policy under the next number, without sending it. Null without a grant. */
  compose(policy: Policy): Promise<Signed | null> {
    return this.#office.sign({ ...policy, seq: ++this.#seq })
  }

  #task(order: Order, more: Pick<Task, "target"> = {}): Task {
    const task: Task = { order, left: 0, ...more }
    this.#office.after(UNCONFIRMED_MS, async () => {
      if (task.left > 0 || this.#isIn(task)) this.#office.tell({ on: "unconfirmed", order })
    })
    return task
  }

  /** Whether the one to be removed is still in the group, under the same key. */
  #isIn({ target }: Task): boolean {
    const key = target === undefined ? undefined : this.#office.member(target.person)
    return key !== undefined && target !== undefined && equal(key, target.key)
  }

  async #say(statement: Unnumbered, task: Task): Promise<void> {
    const signed = await this.#office.sign({ ...statement, seq: ++this.#seq })
    if (signed === null) return
    task.left++
    this.#acts.push({ signed, task })
    this.#office.tell({ on: "act", signed })
  }

  async #wish(task: Task, change: rules.Change, { anew = false, next }: Partial<Pick<Wish, "anew" | "next">> = {}): Promise<void> {
    task.left++
    this.#wishes.push({ task, change, anew, ...(next === undefined ? {} : { next }), tries: 0 })
    await this.#offer()
  }

  /** Offers one Policy with everything that is wished, unless one is under way. */
  async #offer(): Promise<void> {
    if (this.#offered !== null || this.#wishes.length === 0) return
    const wishes = this.#wishes.splice(0)
    const before = this.#office.policy()
    const next = wishes.reduce((policy, wish) => wish.change(policy), before)
    if (rules.sameRules(next, before) && !wishes.some((w) => w.anew)) return this.#grant(wishes)
    const signed = await this.#office.sign({ ...next, seq: ++this.#seq, version: versionAfter(before, next, this.#office.date()) })
    if (signed === null) return // a moderator no more
    const offered = { signed, wishes }
    this.#offered = offered
    this.#office.tell({ on: "act", signed })
    this.#office.after(UNCONFIRMED_MS, async () => {
      if (this.#offered === offered) await this.ruled(null) // no answer: as if it had lost
    })
  }

  /** The wishes hold. */
  async #grant(wishes: readonly Wish[]): Promise<void> {
    for (const { task, next } of wishes) {
      await next?.()
      task.left--
    }
  }

  /**
   * Another policy holds, `signed`: ours, or one that ours must be put on top
   * of. With `again` also when it is the one from before: ours got lost.
   */
  async ruled(signed: Signed | null, again = false): Promise<void> {
    const offered = this.#offered
    if (offered === null) return
    this.#offered = null
    if (signed !== null && sameSigned(signed, offered.signed)) await this.#grant(offered.wishes)
    else {
      for (const wish of offered.wishes) if (!again) wish.tries++
      const [kept, lost] = [offered.wishes.filter((w) => w.tries < TRIES_MAX), offered.wishes.filter((w) => w.tries >= TRIES_MAX)]
      this.#wishes.unshift(...kept)
      // Somebody to be removed must go whatever the rules are; nothing else is done.
      for (const { task, next } of lost) if (task.target !== undefined) await next?.()
    }
    await this.#offer()
  }

  /** A statement has come as Acted. */
  heard(signed: Signed): void {
    const at = this.#acts.findIndex((a) => sameSigned(a.signed, signed))
    for (const { task } of at < 0 ? [] : this.#acts.splice(at, 1)) task.left--
  }

  /** The last link generation that this person asked for; 0 for none. */
  get renewed(): number {
    return this.#renewed
  }

  /** Whether somebody whose removal was ordered is still in the group. */
  removing(): boolean {
    this.#removals = this.#removals.filter((task) => task.left > 0 || this.#isIn(task))
    return this.#removals.some((task) => this.#isIn(task))
  }

  /** After a new connection: sends again what got no answer. What the server has seen has no effect. */
  async resend(policy: Signed | null): Promise<void> {
    for (const { signed } of this.#acts) this.#office.tell({ on: "act", signed })
    await this.ruled(policy, true)
  }

  forget(): void {
    this.#wishes = []
    this.#offered = null
    this.#acts = []
    this.#removals = []
  }
}
