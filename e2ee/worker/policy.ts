/**
 * What orders do to the rules of a room: functions from one Policy to the next.
 * Numbers (seq, version) are given by orders.ts.
 */

import { encodeStatement, type Policy } from "../../client/src/wire/statements.gen.ts"
import { equal } from "./bytes.ts"
import type { Order } from "./port.ts"

/** One order's change to the rules, applied to whichever policy holds when its turn comes. */
export type Change = (policy: Policy) => Policy

type Changed = Extract<Order, { order: "rules" }>["change"]
type List = readonly Uint8Array[]

// As on the wire.
const PERSONS_MAX = 64
const DISMISSED_MAX = 64
const BARRED_MAX = 256

const without = (list: List, entry: Uint8Array): List => list.filter((e) => !equal(e, entry))

/** With `entries` as the newest; the oldest fall out beyond `max`. One that is there keeps its place. */
function plus(list: List, entries: List, max: number): List {
  const fresh = entries.filter((e, i) => !list.some((l) => equal(l, e)) && entries.findIndex((o) => equal(o, e)) === i)
  return [...list, ...fresh].slice(-max)
}

/** The members of a policy that moderators switch. Who turns quiet on begins with nobody allowed. */
export const ruled =
  (change: Changed): Change =>
  (policy) => ({ ...policy, ...change, speakers: change.quiet === true && !policy.quiet ? [] : policy.speakers })

/** Lets a person speak, or not. `present` are those who are in: of the others nothing is kept when there is no room. */
export const speaking =
  (person: Uint8Array, may: boolean, present: List): Change =>
  (policy) => {
    const roomy = (list: List): List => (list.length < PERSONS_MAX ? list : list.filter((e) => present.some((p) => equal(p, e))))
    const [speakers, silenced] = [without(policy.speakers, person), without(policy.silenced, person)]
    if (may) return { ...policy, silenced, speakers: policy.quiet ? plus(roomy(speakers), [person], PERSONS_MAX) : speakers }
    return { ...policy, speakers, silenced: policy.quiet ? silenced : plus(roomy(silenced), [person], PERSONS_MAX) }
  }

/** Goes before a removal: nobody comes in unseen, and none of these marks at all. */
export const barring =
  (marks: List, banned: boolean): Change =>
  (policy) => ({ ...policy, lobby: true, banned: policy.banned || banned, barred: plus(policy.barred, marks, BARRED_MAX) })

/** Withdraws a ticket. */
export const revoking =
  (mark: Uint8Array): Change =>
  (policy) => ({ ...policy, barred: plus(policy.barred, [mark], BARRED_MAX) })

/** Withdraws a grant. */
export const dismissing =
  (mark: Uint8Array): Change =>
  (policy) => ({ ...policy, dismissed: plus(policy.dismissed, [mark], DISMISSED_MAX) })

/** Lets a key be granted anew after it was dismissed. */
export const pardoning =
  (mark: Uint8Array): Change =>
  (policy) => ({ ...policy, dismissed: without(policy.dismissed, mark) })

/** Wants links of a later generation from now on. */
export const renewing =
  (number: number, key: Uint8Array): Change =>
  (policy) => ({ ...policy, generation: { number, key } })

/** Whether two policies are the same but for their numbers. */
export const sameRules = (a: Policy, b: Policy): boolean =>
  encodeStatement({ ...a, seq: 0, version: 0 }) === encodeStatement({ ...b, seq: 0, version: 0 })
