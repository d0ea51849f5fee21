// Package report holds what a run measured and shows it: as a table, as JSON, and as one HTML page.
package report
