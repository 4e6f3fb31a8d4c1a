// What a pod is made around: it does nothing until it is told to end. Called as `pause dial HOST:PORT` it says whether something answers
// there, for stories that ask from within a pod.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "dial" {
		dial(os.Args[2])
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		// Of a pod whose processes see each other, this is the one that orphans come to.
		for {
			if ended, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); ended <= 0 {
				break
			}
		}
	}
}

func dial(address string) {
	connection, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	connection.Close()
	fmt.Println("answered")
}
