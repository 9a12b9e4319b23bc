import type { ComponentChildren, VNode } from "preact"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import type { Panel } from "../call/state.ts"
import { Drawn } from "./icons.tsx"
import type { View } from "./view.ts"

interface Props {
  readonly view: View
  readonly panel: Exclude<Panel, "none">
  readonly title: string
  readonly children: ComponentChildren
}

/** What opens beside the stage, or over it on a phone. It takes the focus and gives it back. */
export const PanelFrame = ({ view, panel, title, children }: Props): VNode => {
  const frame = useRef<HTMLElement>(null)
  useEffect(() => {
    // Not on a touch screen: the keyboard would cover what was written.
    const field = matchMedia("(pointer: fine)").matches ? frame.current?.querySelector("textarea") : null
    const first = field ?? frame.current?.querySelector("h2")
    first?.focus()
    return () => document.getElementById(`open-${panel}`)?.focus()
  }, [panel])
  const last = useRef<EventTarget | null>(null)
  useLayoutEffect(() => {
    // What had the focus has gone away, perhaps with the person it was about: the focus does not get lost with it.
    if (document.activeElement !== document.body || !(last.current instanceof Element) || last.current.isConnected) return
    frame.current?.querySelector("h2")?.focus()
  })
  const onFocusIn = (event: FocusEvent): void => {
    last.current = event.target
  }
  return (
    <aside class={`panel ${panel}`} aria-labelledby="panel-title" ref={frame} onFocusIn={onFocusIn}>
      <header class="panel-head">
        <h2 id="panel-title" tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="icon-button" aria-label={view.say("close")} onClick={() => view.act({ do: "panel", panel: "none" })}>
          <Drawn icon="close" />
        </button>
      </header>
      {children}
    </aside>
  )
}
