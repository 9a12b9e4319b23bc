import type { ComponentChildren, VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"

interface Props {
  readonly kind: string
  readonly label: string // accessible name
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Over everything, for one thing. The browser keeps the focus inside and gives it back; Escape closes. */
export const Dialog = ({ kind, label, onClose, children }: Props): VNode => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
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
