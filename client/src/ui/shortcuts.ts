/** Single keys for what one does most in a call. */

import type { Action, State } from "../call/state.ts"

/**
 * Whether single keys do anything. People who dictate, or whose hands tremble,
 * must be able to switch them off (WCAG 2.1.4). The choice lives on the
 * document, as long as the page does.
 */
export const shortcutsOn = (): boolean => document.documentElement.dataset["shortcuts"] !== "off"

export function setShortcuts(on: boolean): void {
  document.documentElement.dataset["shortcuts"] = on ? "on" : "off"
}

export interface Pressed {
  readonly key: string
  readonly typing: boolean // in a field, a list or anything else that wants letters
  readonly modified: boolean // with Ctrl, Alt or Meta: not ours
  readonly repeat: boolean
}

/** What a key does in the present state; null for nothing. */
export function shortcut(
  state: Pick<State, "devices" | "panel" | "moderation">,
  { key, typing, modified, repeat }: Pressed,
): Action | null {
  if (modified || repeat || typing) return null
  const { microphone, camera } = state.devices
  const watching = state.moderation.role === "viewer"
  switch (key.toLowerCase()) {
    case "h":
      return { do: "hand", up: !state.moderation.handUp }
    case "m":
      return watching ? null : { do: "microphone", on: microphone !== "on" && microphone !== "starting" }
    case "v":
      return watching ? null : { do: "camera", on: camera !== "on" && camera !== "starting" }
    case "c":
      return { do: "panel", panel: state.panel === "chat" ? "none" : "chat" }
    case "p":
      return { do: "panel", panel: state.panel === "people" ? "none" : "people" }
    case "escape":
      return state.panel === "none" ? null : { do: "panel", panel: "none" }
    default:
      return null
  }
}

const WANTS_LETTERS = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"

/** Reads a key press. */
export const pressed = (event: KeyboardEvent): Pressed => ({
  key: event.key,
  typing: event.isComposing || (event.target instanceof Element && event.target.matches(WANTS_LETTERS)),
  modified: event.ctrlKey || event.altKey || event.metaKey,
  repeat: event.repeat,
})
