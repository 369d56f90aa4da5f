import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

interface DialogProps {
  heading: string
  onClose: () => void
  children: ComponentChildren
}

/** A window over the page, which keeps the focus until it is closed by a button in it or by Escape. */
export function Dialog ({ heading, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const headingId = useId()
  useEffect(() => {
    const from = document.activeElement
    dialog.current?.showModal()
    return () => { if (from instanceof HTMLElement) from.focus() }
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={headingId} onClose={onClose}>
      <h2 id={headingId}>{heading}</h2>
      {children}
    </dialog>
  )
}
