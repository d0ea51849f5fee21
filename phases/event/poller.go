package event

// What a Poller tells of a descriptor.
const (
	Readable = 1 << iota // there is something to read, the end included
	Writable             // it takes bytes again
	HungUp               // the other side sends no more, or the connection has failed
)

// Sink is told of what happens on a descriptor. Event is called on a goroutine that others wait for: it must not block. It reports
// whether it has made a goroutine go on, which the caller lets go first.
type Sink interface{ Event(what int) (goesOn bool) }

// Poller waits for what happens on descriptors. Safe for concurrent use.
type Poller interface {
	// Add has s told of every change on fd until Drop is called with the slot. It fails where the poller has ended. Events that are under
	// way may reach whoever gets the slot next, who must be able to bear one for nothing.
	Add(fd int, s Sink) (slot int32, err error)
	// Change has whoever waits in slot told of Writable too, now and from now on, where so far it was not.
	Change(fd int, slot int32) error
	// Drop ends that; the descriptor is closed next.
	Drop(slot int32)
}
