/** Makes what moderators give away: the links of a meeting, with its rules, and invitations. Everything is made in this browser. */

import { equal, fromBase64Url } from "../../../e2ee/worker/bytes.ts"
import { deriveModerator, deriveRoom, moderatorText, newLinks, parseLink, participantText } from "../../../e2ee/worker/link.ts"
import { passphraseKeys, stretch } from "../../../e2ee/worker/passphrase.ts"
import type { Link, Rule, Rules } from "../../../e2ee/worker/port.ts"
import { LABEL_MAX, newTicket, type ReadTicket, readTicket } from "../../../e2ee/worker/ticket.ts"
import type { Made } from "./report.ts"
import { DEFAULT_RULES } from "./rules.ts"
import type { Links, MeetingRules } from "./state.ts"

/** What a page holds of a meeting: its own link, and the one it gives to participants. */
export interface Held {
  readonly link: Link
  readonly shared: Link // a participant link, with the ticket for everybody where there is one
}

export interface Meeting extends Held {
  readonly links: Links
}

/** The rules a meeting begins with. Without passphrase: its key follows from what was stretched. */
const ruleOf = ({ lobby, tickets, verify, masked, unmoderated, from, until }: MeetingRules, passphrase?: Uint8Array): Rule => ({
  version: 1,
  lobby,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  // A link that holds for a time only is a ticket for everybody: without tickets the bare link would hold always.
  tickets: tickets || from !== null || until !== null,
  verify,
  masked,
  banned: false,
  unmoderated,
  ...(passphrase === undefined ? {} : { passphrase }),
  speakers: [],
  silenced: [],
  dismissed: [],
  barred: [],
})

/** What a host token begins with, as "paravent token" prints it; its bytes follow in base64url. */
const HOST_PREFIX = "h1."
const HOST_MAX = 128 // bytes

/** The bytes of a host token as it is typed. Null when it is none. */
export function hostToken(text: string): Uint8Array | null {
  const typed = text.trim()
  const bytes = typed.startsWith(HOST_PREFIX) ? fromBase64Url(typed.slice(HOST_PREFIX.length)) : null
  return bytes === null || bytes.length === 0 || bytes.length > HOST_MAX ? null : bytes
}

async function rulesOf(rules: MeetingRules, salt: Uint8Array): Promise<Rules> {
  const host = hostToken(rules.host)
  if (rules.host !== "" && host === null) throw new RangeError("meeting: no host token")
  const told = host === null ? {} : { host }
  const words = rules.passphrase.trim()
  if (words === "") return { policy: ruleOf(rules), ...told }
  const passphrase = await stretch(words, salt)
  const { signature } = await passphraseKeys(passphrase)
  return { policy: ruleOf(rules, signature.publicKey), passphrase, ...told }
}

const isDefault = (rules: MeetingRules): boolean =>
  (Object.keys(DEFAULT_RULES) as (keyof MeetingRules)[]).every((k) => rules[k] === DEFAULT_RULES[k])

/** Whether the participants' link holds for a time only, and so is a ticket that everybody shares. */
const shares = ({ tickets, from, until }: MeetingRules): boolean => !tickets && (from !== null || until !== null)

/** The link as it is given away while the rule that all faces are masked holds, or does not. */
function saying(masked: boolean, link: Link): Link {
  const { masked: _before, ...bare } = link
  return masked ? { ...bare, masked } : bare
}

/** Makes a meeting. With a passphrase it takes a second or two. Throws RangeError when it cannot be as wished. */
export async function newMeeting(origin: string, rules: MeetingRules): Promise<Meeting> {
  const texts = await newLinks(origin, isDefault(rules) ? undefined : (salt) => rulesOf(rules, salt))
  const link = (await parseLink(texts.moderator))?.link
  if (link === undefined) throw new RangeError("meeting: rules that make no link")
  const ticket = shares(rules)
    ? await ticketFor(link, { label: "", viewer: false, once: false, from: rules.from, until: rules.until })
    : null
  const bare = { secret: link.secret, moderators: link.moderators, ...(ticket === null ? {} : { ticket }) }
  const shared = saying(rules.masked, bare)
  return { link, shared, links: textsOf(origin, { link, shared }) }
}

/** The links that a person may copy. */
export const textsOf = (origin: string, { link, shared }: Held): Links => ({
  participant: participantText(origin, shared),
  moderator: moderatorText(origin, link),
})

export interface InvitationWish {
  readonly label: string
  readonly viewer: boolean
  readonly once: boolean
  readonly from: number | null
  readonly until: number | null
}

async function ticketFor(link: Link, wish: InvitationWish): Promise<NonNullable<Link["ticket"]>> {
  if (link.moderator === undefined) throw new RangeError("invitation: only from a moderator link")
  const [keys, { room }] = await Promise.all([deriveModerator(link.moderator), deriveRoom(link)])
  return newTicket(keys, room, { ...wish, label: cut(wish.label), from: wish.from ?? 0, until: wish.until ?? 0 })
}

/** A label as long as fits, by whole characters. */
function cut(label: string): string {
  const utf8 = new TextEncoder()
  let all = ""
  for (const character of label.trim()) {
    if (utf8.encode(all + character).length > LABEL_MAX) break
    all += character
  }
  return all
}

/** Makes an invitation. Throws RangeError when it cannot be as wished. */
export async function invitation(origin: string, { link, shared }: Held, wish: InvitationWish): Promise<Omit<Made, "id">> {
  const ticket = await ticketFor(link, wish)
  const read = await ticketOf({ ...shared, ticket })
  if (read === null) throw new RangeError("invitation: a ticket that does not hold")
  return {
    ...wish,
    label: cut(wish.label),
    link: participantText(origin, { ...shared, ticket }),
    revoked: false,
    pending: false,
    ticketKey: read.key,
  }
}

/** What the ticket in a link says; null without one. */
export async function ticketOf(link: Link): Promise<ReadTicket | null> {
  if (link.ticket === undefined) return null
  return readTicket(link.ticket.ticket, (await deriveRoom(link)).room, link.moderators)
}

/**
 * What is to be given to others from this link: a personal invitation is not.
 * `known` is what this tab gave away before, if it is of the same meeting.
 */
export function sharedOf(link: Link, personal: boolean, known: Link | null): Link {
  if (link.moderator !== undefined && known !== null && equal(known.moderators, link.moderators)) return known
  const { secret, moderators, generation, ticket, rules } = link
  const bare = {
    secret,
    moderators,
    ...(generation === undefined ? {} : { generation }),
    ...(ticket === undefined || personal ? {} : { ticket }),
  }
  return saying(link.masked ?? rules?.policy.masked ?? false, bare)
}

/** The same meeting by links of a later generation. The moderator link never changes. */
export function renewed({ link, shared }: Held, generation: NonNullable<Link["generation"]>): Held {
  return { link: link.moderator === undefined ? { ...link, generation } : link, shared: { ...shared, generation } }
}

/** The same meeting by links that say that all faces are masked, or no longer. A moderator link never changes. */
export function marked({ link, shared }: Held, masked: boolean): Held {
  return { link: link.moderator === undefined ? saying(masked, link) : link, shared: saying(masked, shared) }
}

/** A moderator link that holds a host token, so that it opens the room again. */
export const withHost = (link: Link, host: Uint8Array): Link => ({
  ...link,
  rules: { policy: ruleOf(DEFAULT_RULES), ...link.rules, host },
})
