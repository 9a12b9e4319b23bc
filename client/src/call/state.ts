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

/** Somebody in the call, this person included (self). */
export interface Tile {
  readonly person: PersonId
  readonly self: boolean
  readonly name: string // "" until the signed hello arrived
  readonly moderator: boolean // from the signed hello, checked against the link
  readonly microphone: boolean
  readonly camera: boolean
  readonly video: MediaStream | null // camera picture to show; null: show initials
  readonly screen: MediaStream | null // shared screen; null: none
  readonly speaking: boolean
  readonly away: boolean // connection lost, may come back
  readonly emoji: string // 4 emoji of the member's key
}

export interface ChatLine {
  readonly id: number
  readonly from: PersonId
  readonly name: string // as it was when the line arrived
  readonly self: boolean
  readonly text: string
  readonly at: number // ms since 1970, receiver's clock
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
  | "taken-over" // the call goes on in another tab
  | "unsupported" // the browser cannot encrypt frames
  | "unencrypted" // the watchdog saw a frame that did not pass the sealer; call left
  | "broken" // the encryption could not be kept up; call left
  | "lost" // no way back to the server
  | "restarting" // server is shutting down

/** Encryption as shown, always. "securing" while keys are on their way or being changed. */
export type Encryption = "securing" | "encrypted" | "broken"

export type Stage =
  | { readonly at: "start"; readonly links: Links | null } // links once "New meeting" was clicked
  | { readonly at: "bad-link" }
  | { readonly at: "prejoin"; readonly moderator: boolean; readonly echo: EchoTest; readonly preview: MediaStream | null }
  | { readonly at: "joining"; readonly waiting: "connection" | "moderator" | "keys" }
  | { readonly at: "call"; readonly connection: "good" | "reconnecting"; readonly since: number }
  | { readonly at: "ended"; readonly why: End }

export type Panel = "none" | "chat" | "people" | "code" | "settings"

export interface State {
  readonly stage: Stage
  readonly name: string
  readonly devices: Devices
  readonly tiles: readonly Tile[] // self first, then in order of arrival
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
    }
  | { readonly id: number; readonly say: "arrived" | "left"; readonly name: string }

/** Everything a person can do. Views call `act` with one of these and nothing else. */
export type Action =
  | { readonly do: "new-meeting" }
  | { readonly do: "open-link"; readonly link: string } // pasted, or the links just made
  | { readonly do: "copy"; readonly text: string }
  | { readonly do: "name"; readonly name: string }
  | { readonly do: "choose"; readonly kind: DeviceKind; readonly id: string }
  | { readonly do: "microphone"; readonly on: boolean }
  | { readonly do: "camera"; readonly on: boolean }
  | { readonly do: "screen"; readonly on: boolean }
  | { readonly do: "echo-test"; readonly on: boolean }
  | { readonly do: "join" }
  | { readonly do: "leave" }
  | { readonly do: "again" } // from "ended" back to pre-join with the same link
  | { readonly do: "home" } // from anywhere that is not a call to the start page
  | { readonly do: "say"; readonly text: string }
  | { readonly do: "pin"; readonly person: PersonId | null }
  | { readonly do: "panel"; readonly panel: Panel }
  | { readonly do: "language"; readonly language: Language }
  | { readonly do: "theme"; readonly theme: Theme }
  | { readonly do: "codec"; readonly codec: Codec }
  | { readonly do: "hide-self"; readonly on: boolean }
  | { readonly do: "dismiss" } // the notice
