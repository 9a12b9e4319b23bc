/** What the world reports to the machine. Types only. */

import type { Deed, Knocker, Order, PersonId } from "../../../e2ee/worker/port.ts"
import type { Sight, Standing } from "../mask/treatment.ts"
import type { Refused, Waiting } from "../wire/messages.gen.ts"
import type { Room } from "./room.ts"
import type { Capture, EchoTest, End, Invitation, Links, State } from "./state.ts"
import type { Showing } from "./subscribe.ts"

/** An invitation as the page holds it. */
export interface Made extends Invitation {
  readonly ticketKey: Uint8Array // by which it is revoked
  readonly pending: boolean // revoked before the meeting: to be told as soon as this person can order it
}

/** What a link that was opened holds, for the pages before the call. */
export interface Opened {
  readonly link: "none" | "bad" | "participant" | "moderator"
  readonly links: Links | null
  readonly viewer: boolean // by its ticket
  readonly ticket: boolean // personal: bound to this browser
  readonly masked: boolean // it says that all faces are masked
  readonly own: boolean // of the meeting whose links were made here: its invitations stay
}

/** What a moderator did. */
export interface Acted {
  readonly by: PersonId
  readonly deed: Deed
  readonly self: PersonId | null // this person, also while it waits outside
  readonly marks: ReadonlyMap<string, PersonId> // of the members' keys, as a policy names them, in hex
  readonly at: number
}

/** What a session reports, from the click on "Join" to its end. */
export type SessionReport =
  | { readonly on: "waiting"; readonly for: Waiting["for"] }
  | { readonly on: "note"; readonly text: string } // from a moderator, while waiting
  /** Let in, or put out of the group: the keys are on their way. */
  | { readonly on: "securing" }
  /** The first epoch's keys are there: the call has begun, or begun anew. */
  | { readonly on: "live"; readonly at: number }
  | { readonly on: "reconnecting" }
  | { readonly on: "reconnected" }
  | { readonly on: "room"; readonly room: Room; readonly showing: readonly Showing[] }
  | { readonly on: "speaking"; readonly people: ReadonlySet<PersonId> }
  /** `with`: the other one of a private line, whom this person said it to or heard it from. */
  | { readonly on: "chat"; readonly from: PersonId; readonly with: PersonId | null; readonly text: string; readonly at: number }
  | { readonly on: "reaction"; readonly from: PersonId; readonly emoji: string }
  | { readonly on: "epoch" }
  | { readonly on: "code"; readonly code: NonNullable<State["code"]> }
  /** A moderator's statement was verified. */
  | ({ readonly on: "acted" } & Acted)
  | { readonly on: "lobby"; readonly waiting: readonly Knocker[] }
  | { readonly on: "knocked" } // somebody new is in the lobby
  | { readonly on: "lobby-full" }
  | { readonly on: "replay"; readonly person: PersonId | null; readonly at: number } // a copy of this one's session was used; both ended
  | { readonly on: "moderated"; readonly present: boolean; readonly endsAt: number | null }
  | { readonly on: "unconfirmed"; readonly order: Order }
  | { readonly on: "generation"; readonly number: number; readonly secret: Uint8Array }
  // One of these three ends the session. "renew": the same person must come as a new one.
  | { readonly on: "refused"; readonly code: Refused["code"]; readonly until: number } // no try before `until`, ms since 1970
  | { readonly on: "renew"; readonly why: "expired" | "lobby" }
  | { readonly on: "ended"; readonly why: End }

/** What the page and its devices report. */
export type PageReport =
  | ({ readonly on: "opened" } & Opened)
  | { readonly on: "links"; readonly links: Links | null } // made just now; null: they could not be
  | { readonly on: "linked"; readonly links: Links } // the link that is open has changed
  | { readonly on: "invited"; readonly invitation: Omit<Made, "id"> }
  | { readonly on: "copied" }
  | { readonly on: "faded"; readonly person: PersonId; readonly reaction: number }
  | { readonly on: "returned"; readonly name: string; readonly silent: boolean } // after a reload; silent: devices stayed off

export type DeviceReport =
  | { readonly on: "devices"; readonly list: State["devices"]["list"] }
  | { readonly on: "capture"; readonly source: "microphone" | "camera" | "screen"; readonly to: Capture }
  | { readonly on: "device-lost" }
  | { readonly on: "standing"; readonly of: "camera" | "screen"; readonly standing: Standing }
  | ({ readonly on: "sight" } & Sight) // what the camera shows: once it is open, and when that changes
  | { readonly on: "level"; readonly level: number }
  | { readonly on: "preview"; readonly camera: MediaStream | null; readonly screen: MediaStream | null }
  | { readonly on: "echo"; readonly to: EchoTest }

export type Report = SessionReport | PageReport | DeviceReport
