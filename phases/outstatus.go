package phases

// SetStatus makes code the response's status, with the text of the status line ("404 Gone fishing")
// where text is not empty. It also overrules the error that an error page is being produced for (nginx's
// err_status). It has no effect on a head that is sent.
func (r *Request) SetStatus(code int, text string) {
	r.Out.Status, r.Out.StatusText, r.errStatus = code, text, 0
}
