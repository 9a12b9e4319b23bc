/** A round button with an icon, and its name below where there is room. */

import type { VNode } from "preact"
import { Drawn, type Icon } from "./icons.tsx"

export interface ToolProps {
  readonly icon: Icon
  readonly name: string // accessible name
  readonly label: string // what is written below the icon; part of the name
  readonly look: "on" | "off" | "starting" | "trouble" | "leave"
  readonly shortcut?: string
  readonly pressed?: boolean // of one that is on or off under the same name
  readonly about?: string // id of what describes it
  readonly onClick: () => void
}

export const Tool = ({ icon, name, label, look, shortcut, pressed, about, onClick }: ToolProps): VNode => (
  <button
    type="button"
    class="tool"
    data-look={look}
    aria-label={name}
    aria-keyshortcuts={shortcut}
    aria-pressed={pressed}
    aria-describedby={about}
    onClick={onClick}
  >
    <span class="tool-face">
      <Drawn icon={icon} />
    </span>
    <span class="tool-label">{label}</span>
  </button>
)
