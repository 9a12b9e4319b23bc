/**
 * For tests: a room with a lobby, as an honest server keeps it, in front of the
 * pages of group-kit.ts. What a dishonest one does, each test does by itself.
 */

import type { Nominate, Signed } from "../../client/src/wire/messages.gen.ts"
import { decodeStatement, type Policy, type Statement } from "../../client/src/wire/statements.gen.ts"
import { NO_POLICY } from "./admission.ts"
import { equal, toHex } from "./bytes.ts"
import { hello, linkOf, type Page, Server } from "./group-kit.ts"
import type { FromGroup, Link, Order, PersonId, Proof, Stay } from "./port.ts"

interface Waiting {
  readonly page: Page
  readonly name: string
  readonly proof: Proof
}

const grantedKey = (signed: Signed): Uint8Array => signed.grant.slice(80, 112)

export class Room extends Server {
  override policy: Signed | null = null
  readonly lobby = new Map<PersonId, Waiting>()
  readonly moderators = new Map<Page, Uint8Array>() // grants
  readonly admissions: Signed[] = []
  /** Every statement the server took, in order. */
  readonly acts: { readonly signed: Signed; readonly statement: Statement }[] = []
  /** Orders that are lost on their way to the server. */
  dropping: (statement: Statement) => boolean = () => false
  readonly #seqs = new Map<string, number>()
  readonly #names = new Map<Page, string>()

  get rules(): Policy {
    const statement = this.policy === null ? null : decodeStatement(this.policy.statement)
    return statement?.t === "policy" ? statement : NO_POLICY
  }

  /** A room of linkOf(fill) with its first moderator in. */
  static async open(fill = 1): Promise<{ readonly room: Room; readonly ada: Page; readonly link: Link }> {
    const room = new Room(fill)
    const ada = await room.come(await linkOf(fill, true), "Ada")
    return { room, ada, link: await linkOf(fill) }
  }

  /** Somebody comes with a link: in at once, or waits and knocks. */
  async come(link: Link, name: string, how: { readonly stay?: Stay; readonly device?: CryptoKeyPair } = {}): Promise<Page> {
    const page = await this.visit(link, how)
    const proof = page.last("proof")?.proof
    if (proof === undefined) throw new Error("no proof")
    if (proof.policy !== undefined && proof.moderator !== undefined) this.#take(proof.policy)
    if (proof.moderator !== undefined) this.moderators.set(page, proof.moderator.grant)
    if (proof.moderator !== undefined || !(this.rules.lobby || this.rules.locked)) await this.#letIn(page, name)
    else {
      this.lobby.set(page.id, { page, name, proof })
      await page.take({ do: "knock", name, grants: [...this.moderators.values()] })
    }
    await this.run()
    return page
  }

  async #letIn(page: Page, name: string): Promise<void> {
    await this.enter(page)
    await this.run()
    this.#names.set(page, name)
    await page.take({ do: "say", message: hello(name) })
    for (const other of this.members)
      if (other !== page) await other.take({ do: "say", message: hello(this.#names.get(other) ?? ""), to: page.person })
    await this.read()
  }

  /** Comes and is let in by `by`. */
  async bring(by: Page, link: Link, name: string): Promise<Page> {
    const page = await this.come(link, name)
    if (this.lobby.has(page.id)) await this.order(by, { order: "admit", people: [page.id] })
    return page
  }

  async order(by: Page, order: Order): Promise<void> {
    await by.take({ do: "order", order })
    await this.read()
    await this.run()
  }

  override everybody(): readonly Page[] {
    return [...super.everybody(), ...Array.from(this.lobby.values(), (w) => w.page)]
  }

  override vouchers(): Pick<Nominate, "admissions" | "grants"> {
    return { admissions: this.admissions, grants: [...this.moderators.values()] }
  }

  override async handle(page: Page, message: FromGroup): Promise<void> {
    if (message.on === "act") return this.act(page, message.signed)
    if (message.on !== "knock") return super.handle(page, message)
    for (const box of message.boxes) await this.deliver(page, box)
  }

  /** A knock reaches the moderators it is sealed to. */
  async deliver(page: Page, box: Extract<FromGroup, { on: "knock" }>["boxes"][number]): Promise<void> {
    const ticket = this.lobby.get(page.id)?.proof.ticket?.ticket
    const knocked = { t: "knocked", person: page.person, keyPackage: page.keyPackage, sealed: box.sealed } as const
    for (const [moderator, grant] of this.moderators)
      if (equal(grant.subarray(112, 144), box.kemKey))
        await moderator.take({ do: "knocked", knocked: ticket === undefined ? knocked : { ...knocked, ticket } })
  }

  #take(signed: Signed): boolean {
    const statement = decodeStatement(signed.statement)
    const key = toHex(grantedKey(signed))
    if (statement.seq <= (this.#seqs.get(key) ?? 0)) return false
    this.#seqs.set(key, statement.seq)
    if (statement.t === "policy" && statement.version <= this.rules.version) return false
    if (statement.t === "policy") this.policy = signed
    return true
  }

  async act(by: Page, signed: Signed): Promise<void> {
    const statement = decodeStatement(signed.statement)
    if (this.dropping(statement)) return
    if (statement.t === "policy" && statement.version !== this.rules.version + 1) return
    if (!this.#take(signed)) return
    this.acts.push({ signed, statement })
    const all = this.everybody()
    const to = statement.t === "note" ? all.filter((p) => p === by || equal(p.person, statement.person)) : all
    for (const page of to) await page.take({ do: "acted", signed })
    await this.#effect(statement, signed)
  }

  async #effect(statement: Statement, signed: Signed): Promise<void> {
    if (statement.t === "admit") {
      this.admissions.push(signed)
      for (const { person } of statement.people) await this.#unknock(toHex(person), true)
    }
    if (statement.t === "deny") await this.#unknock(toHex(statement.person), false)
    if (statement.t === "appoint") {
      const page = this.pages.find((p) => equal(p.person, statement.grant.subarray(64, 80)))
      if (page !== undefined) this.moderators.set(page, statement.grant)
    }
    if (statement.t === "remove") {
      const gone = this.pages.find((p) => equal(p.person, statement.person))
      if (gone === undefined) return
      this.moderators.delete(gone)
      this.pages.splice(this.pages.indexOf(gone), 1)
      if (this.members.includes(gone)) this.leaving.add(gone)
      this.waiting.delete(gone)
    }
  }

  async #unknock(person: PersonId, admitted: boolean): Promise<void> {
    const waiting = this.lobby.get(person)
    if (waiting === undefined) return
    this.lobby.delete(person)
    for (const moderator of this.moderators.keys()) await moderator.take({ do: "unknocked", person: waiting.page.person })
    if (admitted) await this.#letIn(waiting.page, waiting.name)
  }
}
