import type { VNode } from "preact"
import { useRef } from "preact/hooks"
import { REACTIONS } from "../call/state.ts"
import type { Key } from "../i18n.ts"
import { Drawn } from "./icons.tsx"
import type { View } from "./view.ts"

/** Words for each of REACTIONS, in the same order. */
const names = [
  "react.agree",
  "react.disagree",
  "react.applause",
  "react.heart",
  "react.laugh",
  "react.surprise",
  "react.party",
  "react.think",
] as const satisfies readonly Key[]

/** What to call a reaction when it is read aloud. */
export function reactionName(emoji: string): Key | null {
  return names[REACTIONS.indexOf(emoji)] ?? null
}

/** A button and what it opens. The browser closes it on Escape or a click elsewhere and gives the focus back. */
export const Reactions = ({ act, say }: View): VNode => {
  const choice = useRef<HTMLDivElement>(null)
  return (
    <>
      <button type="button" class="tool" data-look="off" popovertarget="reactions" aria-label={say("react")}>
        <span class="tool-face">
          <Drawn icon="smile" />
        </span>
        <span class="tool-label">{say("react")}</span>
      </button>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a popover everywhere */}
      <div id="reactions" class="reactions" popover="auto" role="group" aria-label={say("react.choose")} ref={choice}>
        {REACTIONS.map((emoji) => (
          <button
            key={emoji}
            type="button"
            aria-label={say(reactionName(emoji) ?? "react")}
            onClick={() => {
              act({ do: "react", emoji })
              choice.current?.hidePopover()
            }}
          >
            {emoji}
          </button>
        ))}
      </div>
    </>
  )
}
