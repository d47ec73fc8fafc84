// Receives traces and logs with the OTLP receiver of the OpenTelemetry Collector, and prints each batch as a line of JSON.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

var lock sync.Mutex

func print(kind string, text []byte, err error) error {
	if err == nil {
		lock.Lock()
		defer lock.Unlock()
		fmt.Printf("{\"kind\":%q,\"data\":%s}\n", kind, text)
	}
	return err
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(endpoint string) error {
	background := context.Background()
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	given := map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": endpoint}}}
	if err := confmap.NewFromStringMap(given).Unmarshal(config); err != nil {
		return err
	}
	traces, err := consumer.NewTraces(func(_ context.Context, batch ptrace.Traces) error {
		text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(batch)
		return print("traces", text, err)
	})
	if err != nil {
		return err
	}
	logs, err := consumer.NewLogs(func(_ context.Context, batch plog.Logs) error {
		text, err := (&plog.JSONMarshaler{}).MarshalLogs(batch)
		return print("logs", text, err)
	})
	if err != nil {
		return err
	}
	settings := receivertest.NewNopSettings(factory.Type())
	traceReceiver, err := factory.CreateTraces(background, settings, config, traces)
	if err != nil {
		return err
	}
	logReceiver, err := factory.CreateLogs(background, settings, config, logs)
	if err != nil {
		return err
	}
	for _, each := range []component.Component{traceReceiver, logReceiver} {
		if err := each.Start(background, componenttest.NewNopHost()); err != nil {
			return err
		}
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	return nil
}
