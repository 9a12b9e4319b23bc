import type { ComponentChildren, VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"

interface Props {
  readonly kind: string
  readonly label: string // accessible name
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Over everything, for one thing. The browser keeps the focus inside; Escape closes, and the focus goes back. */
export const Dialog = ({ kind, label, onClose, children }: Props): VNode => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    // It is gone from the page by then, so the browser does not do it.
    return () => (before instanceof HTMLElement ? before.focus() : undefined)
  }, [])
  return (
    <dialog
      ref={dialog}
      class={`dialog ${kind}`}
      aria-label={label}
      onKeyDown={(e) => {
        e.stopPropagation() // single keys mean nothing in here, and Escape closes this alone
        if (e.key === "Escape") onClose()
      }}
      onCancel={(e) => {
        e.preventDefault() // it goes when the view that opened it says so
        onClose()
      }}
    >
      {children}
    </dialog>
  )
}
