/** What the rules of a room mean for the people in it. Pure. */

import { toHex } from "../../../e2ee/worker/bytes.ts"
import type { PersonId } from "../../../e2ee/worker/port.ts"
import type { Policy } from "../wire/statements.gen.ts"
import type { MeetingRules, RoomRules } from "./state.ts"

/** A policy as the page uses it. */
export interface Rules extends RoomRules {
  readonly version: number
  readonly generation: number // of the link, from 0
  readonly speakers: ReadonlySet<PersonId>
  readonly silenced: ReadonlySet<PersonId>
}

/** What holds before a moderator has said anything: version 0. */
export const FIRST_RULES: Rules = {
  version: 0,
  lobby: true,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  tickets: false,
  verify: false,
  masked: false,
  passphrase: false,
  banned: false,
  unmoderated: "lock",
  generation: 0,
  speakers: new Set(),
  silenced: new Set(),
}

export function rulesOf(policy: Policy): Rules {
  const { version, lobby, locked, quiet, chat, share, tickets, verify, masked, banned, unmoderated } = policy
  return {
    version,
    lobby,
    locked,
    quiet,
    chat,
    share,
    tickets,
    verify,
    masked,
    passphrase: policy.passphrase !== undefined,
    banned,
    unmoderated,
    generation: policy.generation?.number ?? 0,
    speakers: new Set(policy.speakers.map(toHex)),
    silenced: new Set(policy.silenced.map(toHex)),
  }
}

/** Whether somebody may not speak until a moderator allows it. Never a moderator. */
export const silenced = (rules: Rules, person: PersonId, moderator: boolean): boolean =>
  !moderator && (rules.silenced.has(person) || (rules.quiet && !rules.speakers.has(person)))

/** How a meeting is unless somebody wishes otherwise: the lobby on, nothing else wanted. */
export const DEFAULT_RULES: MeetingRules = {
  lobby: true,
  passphrase: "",
  tickets: false,
  verify: false,
  masked: false,
  unmoderated: "lock",
  from: null,
  until: null,
  host: "",
}

/** Whether a meeting can be as wished: its link must not end before it begins. */
export const possible = ({ from, until }: MeetingRules): boolean => until === null || until > (from ?? 0)
