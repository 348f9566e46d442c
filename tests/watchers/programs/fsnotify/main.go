// fsnotify, with a watch for each directory.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

func main() {
	watcher, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		panic(err)
	}
	root := os.Args[1]
	paths, _ := filepath.Glob(filepath.Join(root, "*"))
	for _, path := range append(paths, root) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			watcher.Add(path)
		}
	}
	fmt.Println("READY")
	for {
		select {
		case event := <-watcher.Events:
			info, err := os.Stat(event.Name)
			if event.Has(fsnotify.Create) {
				if err == nil && info.IsDir() {
					watcher.Add(event.Name)
				}
				fmt.Println("come", event.Name)
			}
			if event.Has(fsnotify.Write) {
				fmt.Println("change", event.Name)
			}
			if event.Has(fsnotify.Remove) {
				fmt.Println("go", event.Name)
			}
		case err := <-watcher.Errors:
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
