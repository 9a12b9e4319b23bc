import type { Order } from "../../../e2ee/worker/port.ts"
import type { Standing, Strength, Treatment, Zones } from "../mask/treatment.ts"

export { type Order, REACTIONS } from "../../../e2ee/worker/port.ts"

/** What the page shows: one immutable value, made by machine.ts, drawn by ui/. */

export type PersonId = string

export type Language = "de" | "en"
export type Theme = "system" | "light" | "dark"
export type Codec = "auto" | "VP8" | "VP9" | "AV1"

export type DeviceKind = "microphone" | "camera" | "speaker"

export interface Device {
  readonly id: string
  readonly label: string // the browser's own name; "" until permission is given
}

/** "starting" from the click to the first sample; "denied" and "missing" say why it is not on. */
export type Capture = "off" | "starting" | "on" | "denied" | "missing" | "busy"

export interface Devices {
  readonly list: Readonly<Record<DeviceKind, readonly Device[]>>
  readonly chosen: Readonly<Record<DeviceKind, string>> // device id; "" is the system's default
  readonly canChooseSpeaker: boolean // setSinkId is there
  readonly microphone: Capture
  readonly camera: Capture
  readonly screen: Capture
  readonly level: number // own microphone, 0..1, for the meter
}

export type EchoTest = "idle" | "recording" | "playing"

/** What is done to this person's own pictures before they are sent. */
export interface Masking {
  readonly camera: Treatment // as wished, with the zones of the camera that is chosen
  readonly screen: Zones
  readonly standing: Standing // of the camera's picture
  readonly screenStanding: Standing // of the shared screen
  readonly required: boolean // the room wants faces masked: no camera without
  readonly rememberable: boolean // the camera is known, so that its zones can be remembered
  readonly remembered: boolean // they are, on this device
}

/** Somebody in the call, this person included (self). */
export interface Tile {
  readonly person: PersonId
  readonly self: boolean
  readonly name: string // "" until the signed hello arrived
  readonly moderator: boolean // from the signed hello, checked against the link
  readonly microphone: boolean
  readonly camera: boolean
  readonly masked: Strength // what is covered in the camera's picture, as this person's browser says; "off" without a camera
  readonly unmasked: boolean // the room wants masks and this camera says that it has none: its picture is not shown
  readonly video: MediaStream | null // camera picture to show; null: show initials
  readonly screen: MediaStream | null // shared screen; null: none
  readonly speaking: boolean
  readonly away: boolean // connection lost, may come back
  readonly emoji: string // 4 emoji of the member's key
  readonly role: Role // moderator as well: whoever holds a grant
  readonly appointed: boolean // a moderator by appointment, which can be withdrawn
  readonly hand: number // place in the order of raised hands, from 1; 0: down
  readonly maySpeak: boolean // false: silenced, or the room is quiet and this person was not allowed
  readonly compared: boolean // says to have compared the present safety code
  readonly reaction: string // emoji shown for a moment; "" mostly
}

/** How a picture of somebody else stands on the page. */
export interface Drawing {
  readonly person: PersonId
  readonly of: "camera" | "screen"
  readonly height: number // of the whole picture, in device pixels; 0: nothing of it can be seen now
  readonly large: boolean // it has the one large place
}

export type Role = "moderator" | "participant" | "viewer"

/** How a meeting is to be, chosen before its links are made. */
export interface MeetingRules {
  readonly lobby: boolean
  readonly passphrase: string // "": none
  readonly tickets: boolean // personal invitations only
  readonly verify: boolean // nobody is heard or seen before comparing the safety code
  readonly masked: boolean // cameras send only pictures in which faces are covered
  readonly unmoderated: Unmoderated
  readonly from: number | null // the participants' link holds from, ms since 1970
  readonly until: number | null
  readonly host: string // host token, where the operator wants one; "": none
}

/** What happens once no moderator is in: the meeting goes on; goes on locked for 5 minutes and ends; ends. */
export type Unmoderated = "continue" | "lock" | "end"

/** An invitation of one's own making: a ticket and its link. Kept in this tab's memory only. */
export interface Invitation {
  readonly id: number
  readonly label: string // whom it is for; moderators see it at the knock
  readonly link: string
  readonly viewer: boolean // receives only
  readonly once: boolean // personal: one person, one device
  readonly from: number | null
  readonly until: number | null
  readonly revoked: boolean
}

/** Somebody who waits to be let in, as moderators see it. */
export interface Waiting {
  readonly person: PersonId
  readonly name: string
  readonly emoji: string
  readonly viewer: boolean
  readonly ticket: boolean // came with a valid ticket
  readonly label: string // the ticket's; "" if there is none or it cannot be read here
  readonly asked: boolean // admitted or denied by this person a moment ago, not confirmed yet
}

/** What a moderator did, as everybody is told: newest last, at most 200, in this tab's memory only. */
export interface Event {
  readonly id: number
  readonly at: number // ms since 1970
  readonly by: string // name; "" unknown
  readonly did:
    | "admit"
    | "deny"
    | "remove"
    | "ban"
    | "lobby" // sent back to the lobby
    | "mute"
    | "stop-camera"
    | "stop-screen"
    | "lower-hand"
    | "mute-all"
    | "appoint"
    | "dismiss"
    | "allow-speech"
    | "silence"
    | "lobby-on"
    | "lobby-off"
    | "lock"
    | "unlock"
    | "quiet-on"
    | "quiet-off"
    | "chat-on"
    | "chat-off"
    | "share-on"
    | "share-off"
    | "verify-on"
    | "verify-off"
    | "masked-on"
    | "masked-off"
    | "renew"
    | "revoke"
    | "replay" // nobody did: a copy of that person's session was used, and both ended; moderators are told
  readonly whom: string // name; "" if it concerns everybody or nobody
  readonly self: boolean // it concerns this person
}

/** The rules of the room as shown. */
export interface RoomRules {
  readonly lobby: boolean
  readonly locked: boolean
  readonly quiet: boolean // participants speak only when allowed
  readonly chat: boolean
  readonly share: boolean
  readonly tickets: boolean
  readonly verify: boolean
  readonly masked: boolean
  readonly passphrase: boolean
  readonly banned: boolean // somebody was banned: a word of care at the lobby
  readonly unmoderated: Unmoderated
}

/** Everything about who decides, in a call. */
export interface Moderation {
  readonly role: Role
  readonly holder: boolean // has the moderator link: may appoint, invite and renew the link
  readonly rules: RoomRules
  readonly lobby: readonly Waiting[] // empty for all but moderators
  readonly lobbyFull: boolean // more knocked than are shown
  readonly events: readonly Event[]
  readonly present: boolean // a moderator is in
  readonly endsAt: number | null // ms since 1970: without a moderator the meeting ends then
  readonly maySpeak: boolean
  readonly handUp: boolean // one's own
  readonly compare: "none" | "wanted" | "done" // the safety code must be compared before media flow
  readonly unconfirmed: boolean // a removal was not confirmed by the others: this person sends nothing now
  readonly renewed: boolean // a new link generation has begun since joining: offer to copy the new link
  readonly invitations: readonly Invitation[]
}

export interface ChatLine {
  readonly id: number
  readonly from: PersonId
  readonly name: string // as it was when the line arrived
  readonly self: boolean
  readonly text: string
  readonly at: number // ms since 1970, receiver's clock
  readonly to: string | null // of a private line: name of the other one it is from or to; null: for everybody
}

export interface Links {
  readonly participant: string
  readonly moderator: string
}

/** Why a call is over. */
export type End =
  | "left"
  | "proof" // the link is not valid here
  | "full"
  | "busy"
  | "throttled"
  | "removed"
  | "banned"
  | "denied" // a moderator did not let this person in
  | "over" // a moderator ended the meeting for all
  | "unmoderated" // it ended because no moderator was in
  | "replayed" // a copy of this page's session was used somewhere: both ended
  | "ticket" // the room wants a personal invitation
  | "early" // the invitation does not hold yet
  | "late" // it holds no more
  | "used" // it has been used on another device
  | "barred" // it was withdrawn
  | "replaced" // the link was replaced by a newer one
  | "taken-over" // the call goes on in another tab
  | "unsupported" // the browser cannot encrypt frames
  | "unencrypted" // the watchdog saw a frame that did not pass the sealer; call left
  | "broken" // the encryption could not be kept up; call left
  | "lost" // no way back to the server
  | "restarting" // server is shutting down

/** Encryption as shown, always. "securing" while keys are on their way or being changed. */
export type Encryption = "securing" | "encrypted" | "broken"

export type Stage =
  /** `links` once "New meeting" was clicked; `wrong`: the rules asked for cannot be. */
  | {
      readonly at: "start"
      readonly links: Links | null
      readonly rules: MeetingRules
      readonly invitations: readonly Invitation[]
      readonly making: boolean // the links are being made: a passphrase takes a moment
    }
  | { readonly at: "bad-link" }
  | {
      readonly at: "prejoin"
      readonly moderator: boolean
      readonly echo: EchoTest
      readonly preview: MediaStream | null
      readonly entry: Entry
    }
  | {
      readonly at: "joining"
      readonly waiting: "connection" | "moderator" | "admission" | "lock" | "keys"
      readonly notes: readonly string[]
    } // notes: from moderators
  | { readonly at: "call"; readonly connection: "good" | "reconnecting"; readonly since: number }
  | { readonly at: "ended"; readonly why: End }

/** What else is wanted before one can ask to join. */
export interface Entry {
  readonly passphrase: "none" | "wanted" | "wrong" // shows a field
  readonly host: "none" | "wanted" | "wrong" // a host token, likewise
  readonly waitUntil: number // ms since 1970: no try before; 0: at once
  readonly viewer: boolean // by a viewer's ticket: camera, microphone and screen are not offered
  readonly ticket: boolean // a personal invitation: it is bound to this browser
}

export type Panel = "none" | "chat" | "people" | "code" | "settings"

export interface State {
  readonly stage: Stage
  readonly name: string
  readonly devices: Devices
  readonly masking: Masking
  readonly tiles: readonly Tile[] // self first, then in order of arrival
  readonly moderation: Moderation
  readonly pinned: PersonId | null
  readonly chat: readonly ChatLine[]
  readonly unread: number
  readonly panel: Panel
  readonly encryption: Encryption
  readonly code: { readonly emoji: readonly string[]; readonly digits: string } | null // null: being computed
  readonly links: Links | null // what this person may copy in the call; moderator "" without the moderator link
  readonly notice: Notice | null // one line that goes away by itself
  readonly language: Language
  readonly theme: Theme
  readonly codec: Codec
  readonly hideSelf: boolean
}

/** Short events, announced to screen readers too. */
export type Notice =
  | {
      readonly id: number
      readonly say:
        | "copied"
        | "reconnected"
        | "devices-off-after-reload"
        | "camera-denied"
        | "microphone-denied"
        | "screen-denied"
        | "device-missing"
        | "device-busy"
        | "device-lost"
        | "silenced" // this person may not speak (any more) until allowed
        | "may-speak"
        | "knock" // somebody waits in the lobby: also a sound
        | "share-not-allowed"
        | "masked-no-more" // the link said that all faces are masked, and the room says otherwise
    }
  | { readonly id: number; readonly say: "event"; readonly event: Event }
  | { readonly id: number; readonly say: "arrived" | "left"; readonly name: string }

/** Everything a person can do. Views call `act` with one of these and nothing else. */
export type Action =
  | { readonly do: "rules"; readonly rules: MeetingRules } // on the start page, before the links are made
  | { readonly do: "new-meeting" }
  | {
      readonly do: "invite"
      readonly label: string
      readonly viewer: boolean
      readonly once: boolean
      readonly from: number | null
      readonly until: number | null
    }
  | { readonly do: "revoke"; readonly invitation: number }
  | { readonly do: "passphrase"; readonly passphrase: string } // at the prejoin page; kept until joining
  | { readonly do: "host"; readonly host: string }
  | { readonly do: "open-link"; readonly link: string } // pasted, or the links just made
  | { readonly do: "copy"; readonly text: string }
  | { readonly do: "name"; readonly name: string }
  | { readonly do: "choose"; readonly kind: DeviceKind; readonly id: string }
  | { readonly do: "microphone"; readonly on: boolean }
  | { readonly do: "camera"; readonly on: boolean }
  | { readonly do: "screen"; readonly on: boolean }
  | { readonly do: "treat"; readonly change: Partial<Treatment> } // how the camera's picture is masked
  | { readonly do: "zones-screen"; readonly zones: Zones }
  | { readonly do: "zones-confirm" } // the camera's zones fit what it shows now
  | { readonly do: "zones-remember"; readonly on: boolean }
  | { readonly do: "echo-test"; readonly on: boolean }
  | { readonly do: "join" }
  | { readonly do: "leave" }
  | { readonly do: "again" } // from "ended" back to pre-join with the same link
  | { readonly do: "home" } // from anywhere that is not a call to the start page
  | { readonly do: "say"; readonly text: string; readonly to: PersonId | null } // to: privately
  | { readonly do: "hand"; readonly up: boolean } // also asks to speak
  | { readonly do: "react"; readonly emoji: string } // one of REACTIONS
  | { readonly do: "compared"; readonly matches: boolean } // the safety code; not: leaves the call
  | { readonly do: "order"; readonly order: Order } // moderators
  | { readonly do: "pin"; readonly person: PersonId | null }
  | { readonly do: "drawn"; readonly drawings: readonly Drawing[] } // the page itself: how large pictures are drawn now
  | { readonly do: "panel"; readonly panel: Panel }
  | { readonly do: "language"; readonly language: Language }
  | { readonly do: "theme"; readonly theme: Theme }
  | { readonly do: "codec"; readonly codec: Codec }
  | { readonly do: "hide-self"; readonly on: boolean }
  | { readonly do: "dismiss" } // the notice
